// Package tokenizer turns text into token ids and back, as the Hugging Face
// tokenizers library does for the byte-level BPE of the Qwen2 family, from the
// same tokenizer.json; and trains a small tokenizer of that kind.
//
// The pipeline of [Tokenizer.Encode] is that of the library:
//
//  1. added tokens (such as <|im_end|>) are cut out, leftmost and longest first;
//  2. the text between them is brought to Unicode normal form C;
//  3. it is split by the Qwen2 pattern (a hand-written scanner: Go's regexp
//     has no look-ahead, which the pattern needs for runs of spaces);
//  4. each piece is split into bytes, which merge by rank.
//
// Ids are the same as the library's for every valid UTF-8 text, up to
// characters that the Unicode tables of the two know differently (those of
// package unicode here). Deviations:
//
//   - bytes that are not UTF-8 count as U+FFFD in Encode;
//   - Decode keeps special tokens, and returns the content of an added token as
//     it is, where the library would run it through the byte alphabet (this
//     differs only for added tokens with letters outside ASCII);
//   - a vocabulary without all 256 byte symbols is refused: the library would
//     drop the bytes that it cannot say.
//
// Other kinds of tokenizer (metaspace, WordPiece, Unigram) are refused by name.
package tokenizer
