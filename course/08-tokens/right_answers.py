# %% collects the bytes one token after the other exercise="fix_decode"
# A bytearray that grows, and an index into a tuple; the refusal stands inside the loop.
def decode(ids, vocab):
    tokens, out = tuple(vocab), bytearray()
    for i in ids:
        if i < 0 or i >= len(tokens):
            raise ValueError("no such id")
        out += tokens[i]
    return str(bytes(out), "utf-8", "replace")


# %% an incremental decoder exercise="fix_decode"
# Decodes token by token, with a decoder that keeps unfinished characters to itself until they are whole.
def decode(ids, vocab):
    import codecs

    if ids and (min(ids) < 0 or max(ids) >= len(vocab)):
        raise ValueError("an id has no token")
    reader = codecs.getincrementaldecoder("utf-8")(errors="replace")
    text = "".join(reader.decode(vocab[i]) for i in ids)
    return text + reader.decode(b"", final=True)
