"""The chatbot: front-ends, the joke service, generation workers and the store of votes."""
