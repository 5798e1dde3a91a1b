"""What an auditor's checker does, without files, network or clock: those are given to it."""
