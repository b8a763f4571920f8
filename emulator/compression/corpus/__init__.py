"""Messages to measure codecs on: conversations of hubs, made here or read from elsewhere."""

from emulator.compression.corpus.made import MadeBlock, made_corpus
from emulator.compression.corpus.model import Block, Conversation, Sample, conversations_of, role_of

__all__ = ["Block", "Conversation", "MadeBlock", "Sample", "conversations_of", "made_corpus", "role_of"]
