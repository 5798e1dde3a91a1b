"""Guard private keys, and make certificates, revocation lists and time stamps with them."""
