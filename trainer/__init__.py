"""A lean PyTorch trainer for OCR that writes run directories the analyzer can read."""
