"""The page model, its templates and the PDF writer."""
