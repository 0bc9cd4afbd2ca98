"""Asks a running "ug serve" as users of the openai package do; prints what comes back as JSON.

usage: client.py URL MODEL KEY IMAGE, the image as a data URL"""

import asyncio
import json
import sys

import openai

url, model, key, image = sys.argv[1:]
client = openai.OpenAI(base_url=url, api_key=key, max_retries=0, timeout=60)


def plain(r):
    return {
        "model": r.model,
        "object": r.object,
        "indexes": [d.index for d in r.data],
        "vectors": [d.embedding for d in r.data],
        "prompt_tokens": r.usage.prompt_tokens,
        "total_tokens": r.usage.total_tokens,
    }


def embed(input, **more):
    return plain(client.embeddings.create(**({"model": model, "input": input} | more)))


def refused(call):
    """The exception that the client makes of an answer, and what it reads from it."""
    try:
        call()
    except openai.APIStatusError as e:
        return {"class": type(e).__name__, "status": e.status_code, "message": e.message, "type": e.type, "param": e.param, "code": e.code}
    return {"class": "none"}


async def at_once(texts):
    async with openai.AsyncOpenAI(base_url=url, api_key=key, max_retries=0, timeout=60) as c:
        answers = await asyncio.gather(*(c.embeddings.create(model=model, input=t) for t in texts))
        return [plain(r) for r in answers]


texts = ["Elm Street", "Straße 東京 \U0001f333\n\"quoted\"", "a school on the left"]
raw = client.embeddings.with_raw_response.create(model=model, input=texts[0])
stranger = openai.OpenAI(base_url=url, api_key="wrong", max_retries=0)
json.dump(
    {
        "version": openai.__version__,
        "texts": texts,
        "embeddings": {
            "one": embed(texts[0]),
            "list": embed(texts),
            "tuple": embed(tuple(texts)),
            "float": embed(texts, encoding_format="float"),
            "base64": embed(texts, encoding_format="base64"),
            "user": embed(texts[0], user="somebody", dimensions=len(embed(texts[0])["vectors"][0])),
            "image": embed([{"image": image}]),
            "both": embed([{"text": texts[0], "image": image}, texts[1]]),
            "raw": plain(raw.parse()),
        },
        "whole": embed(texts * 682 + texts[:2]),
        "type": raw.headers["content-type"],
        "at_once": asyncio.run(at_once(texts * 10)),
        "models": [m.to_dict() for m in client.models.list()],
        "retrieved": client.models.retrieve(model).to_dict(),
        "refused": {
            "dimensions": refused(lambda: embed(texts[0], dimensions=8)),
            "model": refused(lambda: embed(texts[0], model="text-embedding-3-small")),
            "no such model": refused(lambda: client.models.retrieve("gpt-5")),
            "key": refused(lambda: stranger.embeddings.create(model=model, input="x")),
            "key of models": refused(stranger.models.list),
            "tokens": refused(lambda: embed([1, 2, 3])),
            "lists of tokens": refused(lambda: embed([[1, 2], [3]])),
            "empty": refused(lambda: embed("")),
            "empty in a list": refused(lambda: embed(["x", ""])),
            "no inputs": refused(lambda: embed([])),
            "format": refused(lambda: embed("x", encoding_format="hex")),
            "too many": refused(lambda: embed(["x"] * 2049)),
            "address": refused(lambda: embed([{"image": "https://example.org/x.png"}])),
            "chat": refused(lambda: client.chat.completions.create(model=model, messages=[{"role": "user", "content": "x"}])),
        },
    },
    sys.stdout,
)
