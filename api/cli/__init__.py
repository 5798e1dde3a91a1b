"""The command line `yinzheng`."""
