"""The command line `yinzheng`."""


def main() -> None:
    """Start the program: the entry point `yinzheng`. What it needs is loaded when it is called, not at import."""
    from api.cli.start import main as start

    start()
