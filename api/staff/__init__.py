"""How members of staff prove who they are: passwords, second factors, invitations, the office's identity provider."""
