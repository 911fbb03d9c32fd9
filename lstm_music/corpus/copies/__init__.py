"""What is a copy of what: near duplicates in a corpus, and training music in what is composed."""
