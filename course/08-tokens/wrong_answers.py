# %% one byte for each character exercise="utf8_by_hand" fails=["the two bytes of ü", "the three bytes of 中", "the bytes of the title"]
# Takes the code point for the byte, as Latin-1 does, and cuts larger ones into their hexadecimal halves.
utf8_hand = {"ü": [0xFC], "中": [0x4E, 0x2D], "back": 0x5B57, "title": 24}

# %% forgets the marks of the continuing bytes exercise="utf8_by_hand" fails=["the two bytes of ü", "the three bytes of 中", "the code point of E5 AD 97"]
# Cuts the bits into the right groups, and writes them without 10 in front; reads bytes back as if all eight bits counted.
utf8_hand = {"ü": [0xC3, 0x3C], "中": [0xE4, 0x38, 0x2D], "back": 0xE5AD97, "title": 36}

# %% joins, and lets Python raise exercise="fix_decode" fails=["broken bytes become U+FFFD", "random ids of random tokens"]
# Believes that what a model says is always valid UTF-8.
# - return b"".join(vocab[i] for i in ids).decode("utf-8", errors="replace")
# + return b"".join(vocab[i] for i in ids).decode("utf-8")

# %% joins, and hides what is broken exercise="fix_decode" fails=["broken bytes become U+FFFD", "random ids of random tokens"]
# Believes that a text without question marks is a better text.
# - return b"".join(vocab[i] for i in ids).decode("utf-8", errors="replace")
# + return b"".join(vocab[i] for i in ids).decode("utf-8", errors="ignore")

# %% shows what is broken, a token at a time exercise="fix_decode" fails=["a character that is cut into two tokens", "hostile text, byte by byte", "broken bytes become U+FFFD", "random ids of random tokens"]
# Repairs `ignore` and not the order: each token is still decoded alone.
# - return b"".join(vocab[i] for i in ids).decode("utf-8", errors="replace")
# + return "".join(vocab[i].decode("utf-8", errors="replace") for i in ids)

# %% a byte is a character exercise="fix_decode" fails=["a character that is cut into two tokens", "hostile text, byte by byte", "broken bytes become U+FFFD", "random ids of random tokens"]
# Takes Latin-1, which never raises, for a decoder of everything.
# - return b"".join(vocab[i] for i in ids).decode("utf-8", errors="replace")
# + return b"".join(vocab[i] for i in ids).decode("latin-1")

# %% only ids that are too large are refused exercise="fix_decode" fails=["an id without a token is refused"]
# Forgets that Python counts negative places from the end.
# - if not 0 <= i < len(vocab):
# + if i >= len(vocab):

# %% only negative ids are refused exercise="fix_decode" fails=["an id without a token is refused"]
# Leaves the other end to the list, which raises an IndexError.
# - if not 0 <= i < len(vocab):
# + if i < 0:

# %% negative ids are left out exercise="fix_decode" fails=["an id without a token is refused"]
# Takes -100 for padding that may be skipped, so a wrong id vanishes without a word.
# - raise ValueError(f"no token has the id {i}")
# + pass
# - return b"".join(vocab[i] for i in ids).decode("utf-8", errors="replace")
# + return b"".join(vocab[i] for i in ids if 0 <= i < len(vocab)).decode("utf-8", errors="replace")

# %% pairs may not overlap exercise="bpe_by_hand" fails=["how often aa and ab occur at first"]
# Counts aaab as one aa, because a replacement would find one.
bpe_hand = {"count_aa": 2, "count_ab": 2, "merges": [("a", "a"), ("a", "b"), ("aa", "ab")], "tokens": ["aaab", "d", "aaab", "a", "c"]}

# %% the pair seen first wins a tie exercise="bpe_by_hand" fails=["the second and the third merge"]
# Uses the rule of another program: here it takes aa a before a b. The tokens of this text come out alike.
bpe_hand = {"count_aa": 4, "count_ab": 2, "merges": [("a", "a"), ("aa", "a"), ("aaa", "b")], "tokens": ["aaab", "d", "aaab", "a", "c"]}

# %% the longest repeated piece at once exercise="bpe_by_hand" fails=["the first merge", "the second and the third merge"]
# Looks for the longest string that repeats, not for the most frequent pair.
bpe_hand = {"count_aa": 4, "count_ab": 2, "merges": [("aa", "ab"), ("a", "a"), ("a", "b")], "tokens": ["aaab", "d", "aaab", "a", "c"]}

# %% stops after the first merge exercise="bpe_by_hand" fails=["how often aa and ab occur at first", "the second and the third merge", "the tokens at the end"]
# Does not count again: takes the three most frequent pairs of the first count.
bpe_hand = {"count_aa": 4, "count_ab": 1, "merges": [("a", "a"), ("a", "b"), ("a", "c")], "tokens": ["aa", "ab", "d", "aa", "ab", "ac"]}

# %% a word counts once exercise="merge_step" fails=["a word counts as often as it occurs", "aaa holds the pair aa twice", "random words, counted"]
# Believes that BPE counts the words of a vocabulary, as types, and not how often each occurs in the text.
# - counts[pair] = counts.get(pair, 0) + times
# + counts[pair] = counts.get(pair, 0) + 1

# %% the last word that has a pair decides exercise="merge_step" fails=["the pairs of ababcab", "a word counts as often as it occurs", "aaa holds the pair aa twice", "random words, counted"]
# Sets the count where it should add to it.
# - counts[pair] = counts.get(pair, 0) + times
# + counts[pair] = times

# %% pairs that do not overlap exercise="merge_step" fails=["the pairs of ababcab", "a word counts as often as it occurs", "aaa holds the pair aa twice", "random words, counted"]
# Cuts a word into pairs instead of looking at all neighbours.
# - for pair in zip(word, word[1:]):
# + for pair in zip(word[::2], word[1::2]):

# %% a pair in either order exercise="merge_step" fails=["the pairs of ababcab", "a word counts as often as it occurs", "random words, counted"]
# Believes that a pair is a set: ab and ba are counted as one.
# - counts[pair] = counts.get(pair, 0) + times
# + counts[tuple(sorted(pair))] = counts.get(tuple(sorted(pair)), 0) + times

# %% all pairs of the alphabet, zeros too exercise="merge_step" fails=["the pairs of ababcab", "a word counts as often as it occurs", "random words, counted"]
# Fills a table of all pairs of ids, most of them zero.
# - return counts
# + seen = {i for word in words if len(word) > 1 for i in word}
# + return {(a, b): counts.get((a, b), 0) for a in seen for b in seen}

# %% merges from the right exercise="merge_step" fails=["merging goes from left to right", "random lists, merged"]
# Believes that the direction of a merge is free; from the right, aaa becomes a X and not X a.
# - return out
# + out, i = [], len(items)
# + while i > 0:
# +     if tuple(items[max(0, i - 2) : i]) == tuple(pair):
# +         out.append(new)
# +         i -= 2
# +     else:
# +         out.append(items[i - 1])
# +         i -= 1
# + return out[::-1]

# %% goes on by one behind a pair exercise="merge_step" fails=["merging goes from left to right", "pieces of bytes", "random lists, merged"]
# Uses the second item of a merged pair again.
# - out.append(new)
# - i += 2
# + out.append(new)
# + i += 1

# %% only the first pair is merged exercise="merge_step" fails=["merging goes from left to right", "random lists, merged"]
# Believes that one step of BPE replaces one place, as `str.replace` with a count of 1 would.
# - return out
# + at = next((n for n in range(len(items)) if tuple(items[n : n + 2]) == tuple(pair)), None)
# + return list(items) if at is None else [*items[:at], new, *items[at + 2 :]]

# %% the last item falls off exercise="merge_step" fails=["merging goes from left to right", "pieces of bytes", "random lists, merged"]
# Stops one place early, because the last item has no right neighbour.
# - while i < len(items):
# + while i < len(items) - 1:

# %% through a string exercise="merge_step" fails=["pieces of bytes"]
# Joins ids as characters and lets str.replace do the work; it works for ids only.
# - return out
# + text = "".join(chr(i) for i in items).replace(chr(pair[0]) + chr(pair[1]), chr(new))
# + return [ord(c) for c in text]

# %% compares a slice with a list exercise="merge_step" fails=["a pair at either end, and lists without one"]
# Tests `items[i : i + 2] == list(pair)`, which is never true of a tuple.
# - if tuple(items[i : i + 2]) == tuple(pair):
# + if items[i : i + 2] == list(pair):

# %% merges the pair turned round too exercise="merge_step" fails=["a pair at either end, and lists without one", "random lists, merged"]
# Compares sets, so 2, 1 passes for 1, 2.
# - if tuple(items[i : i + 2]) == tuple(pair):
# + if i + 1 < len(items) and {*items[i : i + 2]} == {*pair}:

# %% goes on although no pair repeats exercise="train_bpe" fails=["ababcab: one merge, and it stops", "random chunks of few letters"]
# Merges pairs that occur once: the vocabulary then holds the training text by heart.
# - if not counts or max(counts.values()) < 2:
# + if not counts:

# %% stops one merge early exercise="train_bpe" fails=["aaabdaaabac: three merges", "the vocabulary: 256 bytes, then the merged tokens", "no pair reaches across two chunks", "ties: the smaller left id, then the smaller right id", "random chunks of few letters"]
# Takes "at least twice" for "more than twice".
# - if not counts or max(counts.values()) < 2:
# + if not counts or max(counts.values()) < 3:

# %% the pair seen first wins exercise="train_bpe" fails=["aaabdaaabac: three merges", "ties: the smaller left id, then the smaller right id", "English and Chinese, as the library learns them", "random chunks of few letters"]
# Leaves the tie to the order of the dict.
# - best = min(counts, key=lambda pair: (-counts[pair], pair))
# + best = max(counts, key=counts.get)

# %% the greater pair wins exercise="train_bpe" fails=["aaabdaaabac: three merges", "no pair reaches across two chunks", "ties: the smaller left id, then the smaller right id", "English and Chinese, as the library learns them", "random chunks of few letters"]
# Uses the rule of another course, which takes the greater of two equals.
# - best = min(counts, key=lambda pair: (-counts[pair], pair))
# + best = max(counts, key=lambda pair: (counts[pair], pair))

# %% ties by bytes and not by ids exercise="train_bpe" fails=["ties: the smaller left id, then the smaller right id", "English and Chinese, as the library learns them", "random chunks of few letters"]
# Compares the tokens' bytes, so that aa comes before b.
# - best = min(counts, key=lambda pair: (-counts[pair], pair))
# + best = min(counts, key=lambda pair: (-counts[pair], vocab[pair[0]], vocab[pair[1]]))

# %% one long string exercise="train_bpe" fails=["no pair reaches across two chunks", "ties: the smaller left id, then the smaller right id", "English and Chinese, as the library learns them", "random chunks of few letters"]
# Believes that chunks are only for display: it joins them, and pairs reach across their ends.
# - words = Counter(tuple(chunk) for chunk in chunks)
# + words = {tuple(b"".join(chunks)): 1}

# %% each chunk once exercise="train_bpe" fails=["no pair reaches across two chunks", "ties: the smaller left id, then the smaller right id", "English and Chinese, as the library learns them", "random chunks of few letters"]
# Takes the set of the chunks and forgets how often each occurs.
# - words = Counter(tuple(chunk) for chunk in chunks)
# + words = dict.fromkeys(map(tuple, chunks), 1)

# %% counts once and takes the most frequent exercise="train_bpe" fails=["aaabdaaabac: three merges", "the vocabulary: 256 bytes, then the merged tokens", "ties: the smaller left id, then the smaller right id", "English and Chinese, as the library learns them", "random chunks of few letters"]
# Believes that the counts of the first round rank all merges; after a merge, pairs are others.
# - while len(merges) < n_merges:
# + first = count_pairs(words)
# + ranked = sorted((p for p in first if first[p] > 1), key=lambda p: (-first[p], p))[:n_merges]
# + merges = [(vocab[a], vocab[b]) for a, b in ranked]
# + return vocab + [a + b for a, b in merges], merges
# + while False:

# %% the vocabulary holds only bytes that occur exercise="train_bpe" fails=["the vocabulary: 256 bytes, then the merged tokens", "nothing to learn", "random chunks of few letters"]
# Returns the symbols that the training text has, and loses every byte that it has not.
# - return vocab, merges
# + used = {b for chunk in chunks for b in chunk}
# + return [bytes([b]) for b in sorted(used)] + vocab[256:], merges

# %% the same up to the order exercise="tie_rule" fails=["what another rule for ties does"]
# Believes that a tie is without consequences.
answer_ties = "a"

# %% other numbers, the same pieces exercise="tie_rule" fails=["what another rule for ties does"]
# Believes that the rule only renames tokens.
answer_ties = "b"

# %% one rule must be the better one exercise="tie_rule" fails=["what another rule for ties does"]
# Believes that a rule in the textbook is there because it is best.
answer_ties = "d"

# %% cuts at blanks exercise="split_by_hand" fails=["three blanks between, one at the end", "an ending, a sign, a number", "capitals and a Chinese character"]
# Cuts as str.split does; blanks vanish, signs stay with their words.
cut_hand = {"blanks": ["a", "b"], "signs": ["can't,", "x2!!"], "capitals": ["WE'RE", "说："]}

# %% all blanks stand alone exercise="split_by_hand" fails=["three blanks between, one at the end", "an ending, a sign, a number", "capitals and a Chinese character"]
# Forgets that one blank goes to the word behind it, and that each alternative holds one kind of sign.
cut_hand = {"blanks": ["a", "   ", "b", " "], "signs": ["can", "'", "t", ",", " ", "x2", "!", "!"], "capitals": ["WE", "'RE", " ", "说："]}

# %% only the matches exercise="pretokenize" fails=["ab12c: digits, and what stands between", "two patterns, one after the other", "hostile text, as the library cuts it", "random texts and patterns"]
# Uses what the pattern finds and nothing else: what no pattern matches is lost.
# - cut += [piece[at : match.start()], match[0]]
# + cut += [match[0]]
# - cut.append(piece[at:])

# %% the rest behind the last match is lost exercise="pretokenize" fails=["ab12c: digits, and what stands between", "two patterns, one after the other", "hostile text, as the library cuts it", "random texts and patterns"]
# Keeps what stands before each match and forgets the end.
# - cut.append(piece[at:])
# + cut += [] if at else [piece]

# %% one pattern made of all exercise="pretokenize" fails=["two patterns, one after the other", "hostile text, as the library cuts it", "random texts and patterns"]
# Believes that several patterns in turn are the same as their alternatives joined by |.
# - for pattern in patterns:
# + for pattern in ["|".join(patterns)] if patterns else []:

# %% only the first pattern exercise="pretokenize" fails=["two patterns, one after the other", "hostile text, as the library cuts it", "random texts and patterns"]
# Believes that the first pattern has split all there is; the later ones split its pieces.
# - for pattern in patterns:
# + for pattern in patterns[:1]:

# %% empty pieces stay exercise="pretokenize" fails=["ab12c: digits, and what stands between", "GPT-2's pattern on the three texts", "two patterns, one after the other", "hostile text, as the library cuts it", "random texts and patterns"]
# Leaves the empty strings between two matches in the list.
# - pieces = [piece for piece in cut if piece]
# + pieces = cut

# %% the empty text is a piece exercise="pretokenize" fails=["no patterns, no text"]
# Believes that an empty text has one piece, the empty one.
# - return pieces
# + return pieces or [text]

# %% by longest match exercise="rank_by_hand" fails=["there, by rank"]
# Takes the longest token that fits, wherever rank was asked.
rank_hand = {"there": ["the", "r", "e"], "thee": ["the", "e"], "theerere": ["the", "er", "ere"], "there, longest": ["the", "r", "e"]}

# %% stops after the single letters exercise="rank_by_hand" fails=["there, by rank", "thee, by rank", "theerere, by rank", "there, by longest match"]
# Merges pairs of letters only, and leaves merges of merged tokens out.
rank_hand = {"there": ["th", "er", "e"], "thee": ["th", "e", "e"], "theerere": ["th", "e", "er", "er", "e"], "there, longest": ["th", "ere"]}

# %% the leftmost pair first exercise="fix_bpe" fails=["shed: sh and ed", "abc: a lower rank wins, not the left place", "a chain of merges", "words, as the library cuts them", "random tables and pieces"]
# Believes that any merge of the list may be applied as soon as its pair is met.
# - best = min(known, key=ranks.get)
# + best = known[0]

# %% the highest rank first exercise="fix_bpe" fails=["abc: a lower rank wins, not the left place", "a chain of merges", "words, as the library cuts them", "random tables and pieces"]
# Takes the latest merge, because it makes the longest tokens.
# - best = min(known, key=ranks.get)
# + best = max(known, key=ranks.get)

# %% the longest merged token first exercise="fix_bpe" fails=["shed: sh and ed", "abc: a lower rank wins, not the left place", "a chain of merges", "words, as the library cuts them", "random tables and pieces"]
# Believes that BPE looks for the longest token, as greedy search in a vocabulary does.
# - best = min(known, key=ranks.get)
# + best = max(known, key=lambda pair: len(pair[0] + pair[1]))

# %% merges one time only exercise="fix_bpe" fails=["shed: sh and ed", "a chain of merges", "words, as the library cuts them", "random tables and pieces"]
# Believes that a merge makes no new pairs, so that one pass finds them all.
# - parts = merge_pair(parts, best, best[0] + best[1])
# + return merge_pair(parts, best, best[0] + best[1])

# %% the order of the dict for the rank exercise="fix_bpe" fails=["abc: a lower rank wins, not the left place"]
# Walks through the dict in the order it was written, and does not read the ranks.
# - best = min(known, key=ranks.get)
# + best = next(pair for pair in ranks if pair in known)

# %% numbers instead of bytes exercise="fix_bpe" fails=["shed: sh and ed", "abc: a lower rank wins, not the left place", "a chain of merges", "words, as the library cuts them", "random tables and pieces"]
# `list(piece)` is a list of numbers, of which no pair has a rank.
# - parts = [piece[i : i + 1] for i in range(len(piece))]
# + parts = list(piece)

# %% the last merge of an overlap exercise="fix_bpe" fails=["every place, from left to right", "random tables and pieces"]
# Believes that in a run such as aaa it does not matter which two are merged.
# - parts = merge_pair(parts, best, best[0] + best[1])
# + parts = merge_pair(parts[::-1], best[::-1], best[0] + best[1])[::-1]

# %% an empty piece has one token exercise="fix_bpe" fails=["nothing to merge"]
# Believes that every text has at least one token, also the empty one.
# - return parts
# + return parts or [b""]

# %% 256 plus the rank exercise="encode" fails=["abc: the ids are places in the vocabulary", "characters become bytes first", "pieces are merged within, not across", "hostile text with the tiny model's tables, as the library has it", "random tables, vocabularies in random order"]
# Takes the id for the place in the list of merges.
# - ids = {token: i for i, token in enumerate(vocab)}
# + ids = {bytes([b]): b for b in range(256)} | {a + b: 256 + n for n, (a, b) in enumerate(merges)}

# %% skips what has no token exercise="encode" fails=["a byte without a token is refused", "a merge whose token is missing is refused"]
# Believes that a byte-level vocabulary has every byte.
# - raise ValueError(f"no token for the bytes {token!r}")
# + continue

# %% puts token zero for what is unknown exercise="encode" fails=["a byte without a token is refused", "a merge whose token is missing is refused"]
# Lets the first token stand for everything unknown.
# - raise ValueError(f"no token for the bytes {token!r}")
# + found.append(0)
# + continue

# %% leaves the error to the dict exercise="encode" fails=["a byte without a token is refused", "a merge whose token is missing is refused"]
# A KeyError is not the ValueError that the docstring promises.
# - if token not in ids:
# -     raise ValueError(f"no token for the bytes {token!r}")

# %% merges across the pieces exercise="encode" fails=["pieces are merged within, not across", "hostile text with the tiny model's tables, as the library has it", "random tables, vocabularies in random order"]
# Cuts the text and joins it again before the merging.
# - for piece in pretokenize(text, patterns):
# + for piece in ["".join(pretokenize(text, patterns))]:

# %% characters instead of bytes exercise="encode" fails=["characters become bytes first", "hostile text with the tiny model's tables, as the library has it", "decoded, the ids give the text", "random tables, vocabularies in random order"]
# Encodes as Latin-1 what it can, so that é is one byte.
# - for token in bpe(piece.encode(), ranks):
# + for token in bpe(piece.encode("latin-1", errors="replace"), ranks):

# %% a lost token is made of its bytes exercise="encode" fails=["a merge whose token is missing is refused"]
# Where a merged token is missing it falls back to bytes; the library would say something else.
# - if token not in ids:
# + if token not in ids and len(token) > 1:
# +     found += [ids[token[i : i + 1]] for i in range(len(token))]
# +     continue
# + if token not in ids:

# %% strips the blanks exercise="encode" fails=["hostile text with the tiny model's tables, as the library has it", "decoded, the ids give the text", "random tables, vocabularies in random order"]
# Cleans the text first, as one does for words.
# - for piece in pretokenize(text, patterns):
# + for piece in pretokenize(text.strip(), patterns):

# %% normalises the characters exercise="encode" fails=["hostile text with the tiny model's tables, as the library has it", "decoded, the ids give the text"]
# Writes full-width forms and accents in one spelling first; the text that comes back is another.
# - for piece in pretokenize(text, patterns):
# + import unicodedata
# + for piece in pretokenize(unicodedata.normalize("NFKC", text), patterns):

# %% every special token counts exercise="encode_special" fails=["not allowed: ordinary text", "the longest of several", "random texts with signs"]
# Believes that a special token in the text is always meant as one; `allowed` says which are.
# - names = sorted(allowed, key=len, reverse=True)
# + names = sorted(special, key=len, reverse=True)

# %% in the order given exercise="encode_special" fails=["the longest of several", "texts with signs, as the library reads them", "random texts with signs"]
# Tries the names in the order of the list, so a shorter one wins over the longer.
# - names = sorted(allowed, key=len, reverse=True)
# + names = list(allowed)

# %% the shortest first exercise="encode_special" fails=["the longest of several", "texts with signs, as the library reads them", "random texts with signs"]
# Believes that the order of alternatives in a pattern is free; the shorter name then cuts the longer one apart.
# - names = sorted(allowed, key=len, reverse=True)
# + names = sorted(allowed, key=len)

# %% a name is a regular expression exercise="encode_special" fails=["a special token between two texts", "texts with signs, as the library reads them", "random texts with signs"]
# Forgets regex.escape: < or end or > is what the pattern means.
# - names = sorted(allowed, key=len, reverse=True)
# + parts = regex.split("(" + "|".join(sorted(allowed, key=len, reverse=True)) + ")", text) if allowed else [text]
# + return [i for p in parts if p for i in ([special[p]] if p in allowed else encode(p, vocab, merges, patterns))]

# %% one name after the other exercise="encode_special" fails=["the first place counts, not the longest name"]
# Cuts the whole text by the longest name first, then what is left by the next.
# - names = sorted(allowed, key=len, reverse=True)
# + parts = [text]
# + for n in sorted(allowed, key=len, reverse=True):
# +     parts = [q for p in parts for q in ([p] if p in allowed else regex.split("(" + regex.escape(n) + ")", p))]
# + return [i for p in parts if p for i in ([special[p]] if p in allowed else encode(p, vocab, merges, patterns))]

# %% the texts are joined first exercise="encode_special" fails=["each stretch is cut by itself", "texts with signs, as the library reads them", "random texts with signs"]
# Believes that blanks around a special token carry nothing.
# - found += [*encode(plain, vocab, merges, patterns), special[name]]
# + found += [*encode(plain.strip(), vocab, merges, patterns), special[name]]

# %% what stands behind the last token is lost exercise="encode_special" fails=["a special token between two texts", "texts with signs, as the library reads them", "random texts with signs"]
# Believes that a text ends with its last special token.
# - return found + encode(plain, vocab, merges, patterns)
# + return found or encode(plain, vocab, merges, patterns)

# %% unknown names are passed over exercise="encode_special" fails=["an unknown name is refused"]
# Believes that a name in `allowed` that is no special token harms nobody, as long as the text has none.
# - if name not in special:
# + if name not in special and name in text and "|" in name:

# %% a key error for unknown names exercise="encode_special" fails=["an unknown name is refused"]
# Lets the dict complain, and only where the name stands in the text.
# - for name in allowed:
# -     if name not in special:
# -         raise ValueError(f"{name!r} is no special token")

# %% one control token too many in the role exercise="fix_chat_ids" fails=["a control token in the role"]
# Takes the role for something that only the program writes.
# - found += [start, *encode(said, vocab, merges, patterns), end]
# + names = ["<|im_start|>", "<|im_end|>"]
# + found += [start, *encode_special(message["role"], vocab, merges, patterns, special, names)]
# + found += [*encode("\n" + message["content"], vocab, merges, patterns), end]

# %% takes the control tokens out of the content exercise="fix_chat_ids" fails=["a user who types control tokens", "a control token in the role", "every message is two control tokens, whatever it says"]
# Deletes what looks like a command; the user's text is changed.
# - said = message["role"] + "\n" + message["content"]
# + said = (message["role"] + "\n" + message["content"]).replace("<|im_start|>", "").replace("<|im_end|>", "")

# %% role and content one by one exercise="fix_chat_ids" fails=["harmless messages: the same ids as before", "every message is two control tokens, whatever it says"]
# Encodes role, line end and content each by itself.
# - found += [start, *encode(said, vocab, merges, patterns), end]
# + parts = [message["role"], "\n", message["content"]]
# + found += [start, *(i for part in parts for i in encode(part, vocab, merges, patterns)), end]

# %% no line end behind a message exercise="fix_chat_ids" fails=["a user who types control tokens", "a control token in the role", "every message is two control tokens, whatever it says"]
# Believes that line ends of a template are layout, and no tokens.
# - found += encode("\n", vocab, merges, patterns)

# %% no line end behind the assistant exercise="fix_chat_ids" fails=["a user who types control tokens", "a control token in the role", "every message is two control tokens, whatever it says"]
# Believes that the prompt ends with the role; the model has always seen a line end there.
# - return [*found, start, *encode("assistant\n", vocab, merges, patterns)]
# + return [*found, start, *encode("assistant", vocab, merges, patterns)]

# %% the ids of the example exercise="fix_chat_ids" fails=["other ids for the control tokens"]
# Writes the numbers of the control tokens into the program.
# - start, end = special["<|im_start|>"], special["<|im_end|>"]
# + start, end = 256, 257

# %% no token for r exercise="letters" fails=["why letters are hard to count"]
# Believes that a letter inside a longer token is missing from the vocabulary.
answer_letters = "a"

# %% the spelling is lost exercise="letters" fails=["why letters are hard to count"]
# Believes that the model sees what the tables know, or else that nobody knows it.
answer_letters = "c"

# %% cut too finely exercise="letters" fails=["why letters are hard to count"]
# Believes that letters are scattered.
answer_letters = "d"

# %% from the right for from the left exercise="digits_by_hand" fails=["threes from the left", "threes from the right"]
# Believes that groups of three are cut from the left, as a regular expression meets them.
digits_hand = {"single": list("1234567"), "left": ["1", "234", "567"], "right": ["123", "456", "7"], "1000 left": ["1", "000"], "1000 right": ["100", "0"]}

# %% a digit is not a piece exercise="digits_by_hand" fails=["1234567, digit by digit", "threes from the right"]
# Takes the number as a whole for single, and leaves the zero away.
digits_hand = {"single": ["1234567"], "left": ["123", "456", "7"], "right": ["1", "234", "567"], "1000 left": ["100", "0"], "1000 right": ["1", "0"]}

# %% a character is a token exercise="zh_cost" fails=["the poem after 200 merges", "the poem after ten times as many", "what fits into the window"]
# Believes the rule of thumb "one Chinese character, one token" for every tokenizer.
zh_predicted = {"english, no merges": 1, "poem": 1, "poem, more": 1, "window": 8192}

# %% more merges help everybody exercise="zh_cost" fails=["English without merges", "the poem after ten times as many"]
# Believes that a larger vocabulary shortens every text, and that four letters are a token from the start.
zh_predicted = {"english, no merges": 1 / 4, "poem": 3, "poem, more": 1.5, "window": 2730}

# %% compares the losses per token exercise="bpb_by_hand" fails=["nats per byte of both", "the better model"]
# Takes the lower loss for the better model, whatever the tokens are.
bpb_hand = {"A": 3, "B": 2.4, "lower perplexity": "B", "better": "B", "uniform": 8}

# %% multiplies by the bytes exercise="bpb_by_hand" fails=["nats per byte of both", "the lower perplexity", "a model that knows nothing"]
# Turns the fraction round, and takes nats for bits.
bpb_hand = {"A": 4 / 3, "B": 3 / 2.4, "lower perplexity": "A", "better": "A", "uniform": math.log(256)}

# %% nats for bits exercise="bits_per_byte" fails=["the example: 3 bits over 3 bytes", "bytes, not characters and not tokens", "several texts: one fraction", "random texts and losses"]
# Believes that a loss is in bits; cross-entropy with natural logarithms is in nats, ln 2 of them a bit.
# - return sum(map(sum, losses)) / (math.log(2) * n_bytes)
# + return sum(map(sum, losses)) / n_bytes

# %% characters for bytes exercise="bits_per_byte" fails=["bytes, not characters and not tokens", "random texts and losses"]
# Believes that `len` of a text counts bytes, which holds for ASCII alone.
# - n_bytes = sum(len(text.encode()) for text in texts)
# + n_bytes = sum(len(text) for text in texts)

# %% tokens for bytes exercise="bits_per_byte" fails=["the example: 3 bits over 3 bytes", "bytes, not characters and not tokens", "several texts: one fraction", "random texts and losses"]
# Takes the mean over tokens, as the usual loss does.
# - n_bytes = sum(len(text.encode()) for text in texts)
# + n_bytes = sum(map(len, losses))

# %% the mean of the texts exercise="bits_per_byte" fails=["several texts: one fraction", "random texts and losses"]
# Averages the values of the texts, so that a short text counts as much as a long one.
# - return sum(map(sum, losses)) / (math.log(2) * n_bytes)
# + pairs = [(sum(row), len(text.encode())) for text, row in zip(texts, losses)]
# + rates = [nats / math.log(2) / size for nats, size in pairs if size]
# + return sum(rates) / len(rates)

# %% texts without losses are left out exercise="bits_per_byte" fails=["a text may have no tokens of its own"]
# Skips a text whose list is empty, bytes and all.
# - n_bytes = sum(len(text.encode()) for text in texts)
# + n_bytes = sum(len(text.encode()) for text, row in zip(texts, losses) if row)

# %% the longest text decides exercise="bits_per_byte" fails=["several texts: one fraction", "a text may have no tokens of its own", "random texts and losses"]
# Divides by the bytes of the longest text, as if the texts were a padded batch.
# - n_bytes = sum(len(text.encode()) for text in texts)
# + n_bytes = max((len(text.encode()) for text in texts), default=0)

# %% zip stops at the shorter one exercise="bits_per_byte" fails=["what cannot be divided is refused"]
# Believes that two lists that come together are equally long.
# - if len(texts) != len(losses):
# -     raise ValueError(f"{len(texts)} texts and {len(losses)} lists of losses")

# %% no bytes, no bits exercise="bits_per_byte" fails=["what cannot be divided is refused"]
# Returns 0 where there is nothing to divide by.
# - raise ValueError("no bytes to divide by")
# + return 0.0

# %% adds rows and columns exercise="vocab_price" fails=["the numbers in the embedding", "its share of the whole", "the model with two tables", "the loss of a model that knows nothing"]
# Takes the table for a list of ids, and the logarithm to base two.
price_hand = {"table": 49152 + 576, "share": (49152 + 576) / 134515008, "untied": 134515008 + 49152 + 576, "first loss": math.log2(49152)}

# %% untied means twice the model exercise="vocab_price" fails=["its share of the whole", "the model with two tables"]
# Believes that untying doubles a model; it doubles the table alone.
price_hand = {"table": 49152 * 576, "share": 2 * 49152 * 576 / 134515008, "untied": 2 * 134515008, "first loss": math.log(49152)}

# %% longer tokens save more exercise="read_vocab" fails=["what the last merges add", "why the lines part"]
# Looks at the length of a token and not at how often it occurs.
vocab_read = {"growth": "a", "gap": "b", "rare": "c", "value": 3.2}

# %% straight lines exercise="read_vocab" fails=["what the last merges add", "why the lines part", "what rare tokens mean for a model"]
# Expects the same gain from each merge, and no harm from rare tokens.
vocab_read = {"growth": "c", "gap": "c", "rare": "a", "value": 3.2}

# %% reads the solid line at the end exercise="read_vocab" fails=["what rare tokens mean for a model", "bytes per token at 1200 merges"]
# Reads the wrong line at the wrong place, and believes that rare tokens are not used.
vocab_read = {"growth": "b", "gap": "a", "rare": "b", "value": 3.66}

# %% WordPiece counts, too exercise="rivals_by_hand" fails=["which pair each of them merges", "the larger score"]
# Believes that WordPiece merges the most frequent pair, as BPE does, and not the one with the highest score.
rivals_hand = {"bpe": "es", "wordpiece": "es", "score": 20 / (100 * 50), "tokens": ["tok", "##en", "##s"], "tokenx": ["[UNK]"], "abc": ["a", "bc"], "probability": 1 / 16}

# %% the longest token, and only the rest unknown exercise="rivals_by_hand" fails=["how WordPiece cuts", "how Unigram cuts", "the probability of the best cut"]
# Cuts by longest match everywhere, and marks only what does not fit.
rivals_hand = {"bpe": "es", "wordpiece": "qu", "score": 1 / 10, "tokens": ["to", "##ken", "##s"], "tokenx": ["tok", "##en", "[UNK]"], "abc": ["abc"], "probability": 1 / 40}

# %% the longest token first exercise="best_split" fails=["abc: a and bc", "neither the longest nor the fewest", "a dead end on the way", "a long text", "random probabilities, against all cuts", "random probabilities, as the library cuts"]
# Believes that the best split is greedy: from the left, the longest token that fits.
# - best = [0.0] + [-math.inf] * len(text)  # the largest sum up to each place
# + greedy, at = [], 0
# + while at < len(text):
# +     fits = [t for t in logp if text.startswith(t, at)]
# +     if not fits:
# +         raise ValueError("no cut")
# +     greedy.append(max(fits, key=len))
# +     at += len(greedy[-1])
# + return greedy
# + best = [0.0] + [-math.inf] * len(text)

# %% the most probable token first exercise="best_split" fails=["neither the longest nor the fewest", "a dead end on the way", "a long text", "random probabilities, against all cuts", "random probabilities, as the library cuts"]
# Takes at each place the token with the highest probability.
# - best = [0.0] + [-math.inf] * len(text)  # the largest sum up to each place
# + greedy, at = [], 0
# + while at < len(text):
# +     fits = [t for t in logp if text.startswith(t, at)]
# +     if not fits:
# +         raise ValueError("no cut")
# +     greedy.append(max(fits, key=logp.get))
# +     at += len(greedy[-1])
# + return greedy
# + best = [0.0] + [-math.inf] * len(text)

# %% the fewest tokens exercise="best_split" fails=["abc: a and bc", "neither the longest nor the fewest", "a long text", "random probabilities, against all cuts", "random probabilities, as the library cuts"]
# Believes that fewer tokens are always likelier.
# - total = best[begin] + logp.get(text[begin:end], -math.inf)
# + total = best[begin] - (1 if text[begin:end] in logp else math.inf)

# %% the smallest sum exercise="best_split" fails=["abc: a and bc", "neither the longest nor the fewest", "a long text", "random probabilities, against all cuts", "random probabilities, as the library cuts"]
# Believes that log probabilities are costs, so that the smallest sum wins.
# - total = best[begin] + logp.get(text[begin:end], -math.inf)
# + total = best[begin] - logp.get(text[begin:end], math.inf)

# %% multiplies the logarithms exercise="best_split" fails=["neither the longest nor the fewest", "texts that no cut makes", "a long text", "random probabilities, against all cuts", "random probabilities, as the library cuts"]
# Believes that logarithms of probabilities multiply, as probabilities do.
# - best = [0.0] + [-math.inf] * len(text)  # the largest sum up to each place
# + best = [1.0] + [-math.inf] * len(text)
# - total = best[begin] + logp.get(text[begin:end], -math.inf)
# + total = best[begin] * logp[text[begin:end]] if text[begin:end] in logp else -math.inf

# %% a text that cannot be cut stays whole exercise="best_split" fails=["texts that no cut makes"]
# Believes that what cannot be cut becomes an unknown token by itself.
# - raise ValueError("the tokens do not make this text")
# + return [text]

# %% tokens have eight characters at most exercise="best_split" fails=["a long text"]
# Bounds the length of a token by a number that seemed large enough.
# - longest = max(map(len, logp), default=0)
# + longest = 8 if len(text) > 20 else 99

# %% rows of zeros exercise="extend_embedding" fails=["abc: the mean of ab and c", "a piece that occurs twice counts twice", "random tables"]
# Believes that zeros are neutral.
# - rows.append(weight[[places[piece] for piece in pieces]].mean(dim=0))
# + rows.append(torch.zeros_like(weight[0]))

# %% the mean of all rows exercise="extend_embedding" fails=["abc: the mean of ab and c", "a piece that occurs twice counts twice", "random tables"]
# Believes that the mean of the whole vocabulary is as good a start as that of the token's own pieces.
# - rows.append(weight[[places[piece] for piece in pieces]].mean(dim=0))
# + rows.append(weight.mean(dim=0))

# %% the sum of the pieces exercise="extend_embedding" fails=["abc: the mean of ab and c", "a piece that occurs twice counts twice", "random tables"]
# Believes that a row may have any length, as long as its direction fits.
# - rows.append(weight[[places[piece] for piece in pieces]].mean(dim=0))
# + rows.append(weight[[places[piece] for piece in pieces]].sum(dim=0))

# %% bytes instead of pieces exercise="extend_embedding" fails=["abc: the mean of ab and c", "random tables"]
# Takes the rows of the single bytes, without the merges.
# - pieces = bpe(token, ranks)
# + pieces = [token[i : i + 1] for i in range(len(token))]

# %% each piece once exercise="extend_embedding" fails=["a piece that occurs twice counts twice", "random tables"]
# Believes that a piece that comes twice counts once, as in a set.
# - pieces = bpe(token, ranks)
# + pieces = list(dict.fromkeys(bpe(token, ranks)))

# %% the new rows come first exercise="extend_embedding" fails=["abc: the mean of ab and c", "a piece that occurs twice counts twice", "random tables"]
# Puts the new rows in front, so that every old id means another token.
# - return torch.cat([weight, torch.stack(rows)]) if rows else weight.clone()
# + return torch.cat([*[row[None] for row in rows], weight])

# %% the rows in the order of the alphabet exercise="extend_embedding" fails=["the old rows stay, the new ones follow in order", "random tables"]
# Believes that the new tokens get their ids in the order of the alphabet.
# - for token in new_tokens:
# + for token in sorted(new_tokens):

# %% computes in single precision exercise="extend_embedding" fails=["the type of the numbers stays", "random tables"]
# Believes that an embedding is float32 whatever was handed over.
# - return torch.cat([weight, torch.stack(rows)]) if rows else weight.clone()
# + return torch.cat([weight, *[row[None] for row in rows]]).float()

# %% old tokens may come again exercise="extend_embedding" fails=["tokens that are not new are refused"]
# Believes that a token in the list is new because it is in the list.
# - if len({*vocab, *new_tokens}) < len(vocab) + len(new_tokens):
# -     raise ValueError("a new token is not new")

# %% pieces that are missing are left out exercise="extend_embedding" fails=["tokens that are not new are refused"]
# Takes the mean of those pieces that the vocabulary has.
# - if any(piece not in places for piece in pieces):
# -     raise ValueError(f"the old vocabulary cannot write {token!r}")
# + pieces = [piece for piece in pieces if piece in places]

# %% always on the right exercise="pad_batch" fails=["padding on the left", "a real token with the padding's id", "positions count real tokens", "random batches, both sides"]
# Believes that mask and positions were all that was wrong with padding on the left.
# - batch[name].append(padding + real[name] if side == "left" else real[name] + padding)
# + batch[name].append(real[name] + padding)

# %% always on the left exercise="pad_batch" fails=["a real token with the padding's id", "positions count real tokens", "padding on the right", "random batches, both sides"]
# Believes that generation is all there is, so that padding always stands on the left.
# - batch[name].append(padding + real[name] if side == "left" else real[name] + padding)
# + batch[name].append(padding + real[name])

# %% the mask from the ids exercise="pad_batch" fails=["a real token with the padding's id", "random batches, both sides"]
# Believes that no text contains the padding's id.
# - real = {"ids": list(row), "mask": [1] * n, "positions": list(range(n))}
# + real = {"ids": list(row), "mask": [int(i != pad_id) for i in row], "positions": list(range(n))}

# %% positions run over the padding exercise="pad_batch" fails=["positions count real tokens", "random batches, both sides"]
# Believes that a position is the place in the rectangle, and not among the text's own tokens.
# - real = {"ids": list(row), "mask": [1] * n, "positions": list(range(n))}
# + shift = gap if side == "left" else 0
# + real = {"ids": list(row), "mask": [1] * n, "positions": list(range(shift, shift + n))}

# %% positions go on behind the text exercise="pad_batch" fails=["positions count real tokens", "random batches, both sides"]
# Counts with a running sum of the mask, which goes on at padding on the right.
# - for name, fill in (("ids", pad_id), ("mask", 0), ("positions", 0)):
# + for name, fill in (("ids", pad_id), ("mask", 0), ("positions", max(n - 1, 0) if side == "right" else 0)):

# %% any other side is the right exercise="pad_batch" fails=["another side is refused"]
# Believes that whoever does not write "left" means the right.
# - if side not in ("left", "right"):
# -     raise ValueError(f"side is {side!r}")

# %% the pair only goes once exercise="train_fast" fails=["what a merge changes in one word", "runs, and pairs that come and go", "trained with it, the merges are those of the library", "random words, their changes", "random tables, and an index with gaps"]
# Looks at the first place where the pair stands.
# - return merged, {p: n for p, n in changes.items() if n}
# + return merged, {p: max(-1, min(1, n)) for p, n in changes.items() if n}

# %% zeros stay in the changes exercise="train_fast" fails=["runs, and pairs that come and go", "one round: the words and the counts", "random words, their changes", "random tables, and an index with gaps"]
# Believes that a change of 0 harms nobody; the caller then counts a pair that neither came nor went.
# - return merged, {p: n for p, n in changes.items() if n}
# + return merged, dict(changes)

# %% only what the merge removes exercise="train_fast" fails=["what a merge changes in one word", "runs, and pairs that come and go", "one round: the words and the counts", "trained with it, the merges are those of the library", "random words, their changes", "random tables, and an index with gaps"]
# Forgets the new pairs that the new token makes.
# - return merged, {p: n for p, n in changes.items() if n}
# + return merged, {p: n for p, n in changes.items() if n < 0}

# %% changes without the count of the word exercise="train_fast" fails=["one round: the words and the counts", "trained with it, the merges are those of the library", "random tables, and an index with gaps"]
# Believes that a word's pairs change by one, and not by one for each time that the word occurs.
# - counts[p] = counts.get(p, 0) + n * times[w]
# + counts[p] = counts.get(p, 0) + n

# %% the last word decides exercise="train_fast" fails=["one round: the words and the counts", "trained with it, the merges are those of the library", "random tables, and an index with gaps"]
# Sets the count where it should add to it.
# - counts[p] = counts.get(p, 0) + n * times[w]
# + counts[p] = n * times[w]

# %% the table of places only grows exercise="train_fast" fails=["one round: the index", "only the words that the index names", "random tables, and an index with gaps"]
# Never takes a word out again, so that later rounds visit words that lost the pair long ago.
# - gone.setdefault(p, set()).add(w)
# + pass

# %% a word is taken out too early exercise="train_fast" fails=["one round: the index", "random tables, and an index with gaps"]
# Takes a word out of the table as soon as one of its pairs went, although another may be left.
# - for p in before - after:
# + for p in (p for p, n in changes.items() if n < 0):

# %% the index of the new word exercise="train_fast" fails=["one round: the index", "random tables, and an index with gaps"]
# Names all pairs of the merged word, also those that stood there before.
# - for p in after - before:
# + for p in after:

# %% visits every word exercise="train_fast" fails=["only the words that the index names", "random tables, and an index with gaps"]
# Goes through all words for each merge and looks whether the pair is there, as the slow trainer does.
# - for w in where.get(pair, ()):
# + for w in [w for w, word in words.items() if pair in zip(word, word[1:])]:

# %% counts all words before and after exercise="train_fast" fails=["only the words that the index names", "random tables, and an index with gaps"]
# Visits the right words, and finds the changes by counting the whole text twice.
# - return {"words": merged, "counts": counts, "came": came, "gone": gone}
# + now = Counter()
# + for sign, table in ((-1, words), (1, words | merged)):
# +     for w, word in table.items():
# +         for p in zip(word, word[1:]):
# +             now[p] += sign * times[w]
# + return {"words": merged, "counts": {p: n for p, n in now.items() if n}, "came": came, "gone": gone}

# %% a piece that is a token stays whole exercise="fix_bpe" fails=["a chain of merges"]
# Looks first whether the whole piece is a token, as some tokenizers do; the merges by rank may not lead there.
# - parts = [piece[i : i + 1] for i in range(len(piece))]
# + if any(left + right == piece for left, right in ranks):
# +     return [piece]
# + parts = [piece[i : i + 1] for i in range(len(piece))]

# %% looks the whole piece up first exercise="encode" fails=["abc: the ids are places in the vocabulary"]
# Takes a piece that is in the vocabulary for one token, without asking the merges.
# - for token in bpe(piece.encode(), ranks):
# + for token in [piece.encode()] if piece.encode() in ids else bpe(piece.encode(), ranks):

# %% control tokens in capitals exercise="encode_special" fails=["texts with signs, as the library reads them", "random texts with signs"]
# Believes that a special token is a word, known in any spelling.
# - name = next((n for n in names if text.startswith(n, at)), None)
# + name = next((n for n in names if text.lower().startswith(n, at)), None)

# %% what a stretch looks like exercise="encode_special" fails=["not allowed: ordinary text", "random texts with signs"]
# Splits by the allowed names, and then takes every part that is a special token for one.
# - names = sorted(allowed, key=len, reverse=True)
# + parts = regex.split("(" + "|".join(map(regex.escape, sorted(allowed, key=len, reverse=True))) + ")", text) if allowed else [text]
# + return [i for p in parts if p for i in ([special[p]] if p in special and allowed else encode(p, vocab, merges, patterns))]

# %% the same object exercise="merge_step" fails=["pieces of bytes"]
# Asks `is`, which holds for small numbers and single bytes only.
# - if tuple(items[i : i + 2]) == tuple(pair):
# + if i + 1 < len(items) and items[i] is pair[0] and items[i + 1] is pair[1]:

# %% splits with a group exercise="pretokenize" fails=["ab12c: digits, and what stands between", "random texts and patterns"]
# `regex.split` with a group around the pattern keeps the matches, and what the groups inside it match, too.
# - for match in regex.finditer(pattern, piece):
# -     cut += [piece[at : match.start()], match[0]]
# -     at = match.end()
# - cut.append(piece[at:])
# + cut += [p for p in regex.split(f"({pattern})", piece) if p]

# %% once through the merges exercise="fix_bpe" fails=["a chain of merges"]
# Applies the merges one after the other and does not come back to a lower rank.
# - while True:
# -     known = [pair for pair in zip(parts, parts[1:]) if pair in ranks]
# -     if not known:
# -         return parts
# -     best = min(known, key=ranks.get)
# -     parts = merge_pair(parts, best, best[0] + best[1])
# + for best in sorted(ranks, key=ranks.get):
# +     parts = merge_pair(parts, best, best[0] + best[1])
# + return parts

# %% multiplies the probabilities exercise="best_split" fails=["a long text"]
# Goes back to probabilities and multiplies; after some hundred tokens the product is 0.
# - best = [0.0] + [-math.inf] * len(text)  # the largest sum up to each place
# + best = [1.0] + [-math.inf] * len(text)
# - total = best[begin] + logp.get(text[begin:end], -math.inf)
# + total = best[begin] * math.exp(logp[text[begin:end]]) if text[begin:end] in logp and best[begin] > 0 else -math.inf

# %% minus a thousand for never exercise="best_split" fails=["a long text"]
# Takes a number that seemed small enough for a place that was never reached.
# - best = [0.0] + [-math.inf] * len(text)  # the largest sum up to each place
# + best = [0.0] + [-1000.0] * len(text)
# - if best[-1] == -math.inf:
# + if best[-1] == -1000.0:

# %% cuts the token as a text exercise="extend_embedding" fails=["abc: the mean of ab and c"]
# Turns the token into a string and encodes it; half a character is no text.
# - pieces = bpe(token, ranks)
# + pieces = bpe(token.decode().encode(), ranks)
