// Package tokenizer turns text into token ids and back, as the Hugging Face
// tokenizers library does with the same tokenizer.json, for the two families
// that the backbones use; and trains a small tokenizer of the first.
//
//   - byte-level BPE (Qwen2-VL, Qwen2.5-VL): the text is brought to Unicode
//     normal form C and split by the Qwen2 pattern (a hand-written scanner: Go's
//     regexp has no look-ahead, which the pattern needs for runs of spaces); the
//     bytes of each piece merge by rank;
//   - BPE with metaspace and byte fallback (Mistral, so LLaVA-1.6; Phi-3-Vision):
//     spaces become U+2581, one stands at the front, the characters of the whole
//     text merge by rank, and one that the vocabulary lacks is its bytes. Both
//     forms of the hub's files are read: the normalisers Prepend and Replace, and
//     the pre-tokenizer Metaspace.
//
// Before that, added tokens (such as <|im_end|> or <image>) are cut out,
// leftmost and longest first. [Tokenizer.Encode] gives the ids of the text
// alone, [Tokenizer.EncodeFramed] with what the post-processor adds, such as <s>.
//
// Ids are the same as those of the library (0.22.2) for every valid UTF-8 text,
// up to letters and numbers that only the newer of the two Unicode tables knows
// (here those of package unicode). Deviations:
//
//   - bytes that are not UTF-8 count as U+FFFD in Encode;
//   - Decode of a byte-level tokenizer returns the content of an added token as
//     it is, where the library would run it through the byte alphabet (this
//     differs only for added tokens with letters outside ASCII);
//   - a vocabulary without all 256 byte symbols or byte tokens is refused: the
//     library would drop the bytes that it cannot say.
//
// Other kinds of tokenizer (WordPiece, Unigram, other patterns) are refused by
// name.
package tokenizer
