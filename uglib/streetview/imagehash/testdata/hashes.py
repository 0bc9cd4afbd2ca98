"""Writes the small pictures of this folder and hashes.txt, their perceptual
hashes by the Python package imagehash.

    pip install pillow==13.0.0 imagehash==4.3.2 && python3 hashes.py
"""
import imagehash
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter


def scene(width, height, shift=0):
    """A street between houses under a sky, drawn in proportion to the size."""
    image = Image.new("RGB", (width, height), (150, 190, 230))
    draw = ImageDraw.Draw(image)
    w, h = width / 100, height / 100
    draw.polygon([(0, 100 * h), (45 * w, 55 * h), (55 * w, 55 * h), (100 * w, 100 * h)], fill=(90, 90, 95))
    for i, colour in enumerate([(180, 80, 60), (210, 200, 180), (120, 130, 90), (60, 70, 120)]):
        x = (i * 14 + shift) * w
        draw.rectangle([x, (20 + 9 * i) * h, x + 12 * w, (90 - 8 * i) * h], fill=colour)
        draw.rectangle([98 * w - x, (25 + 7 * i) * h, 110 * w - x, (95 - 9 * i) * h], fill=colour[::-1])
    return image.filter(ImageFilter.GaussianBlur(max(width, height) / 400))


street = scene(160, 120)
street.save("street.png", optimize=True)
street.resize((97, 61), Image.Resampling.BICUBIC).save("smaller.png", optimize=True)
street.save("street.jpg", quality=60)
ImageEnhance.Brightness(street).enhance(0.8).save("darker.png", optimize=True)
street.convert("L").save("grey.png", optimize=True)
street.quantize(32).save("palette.png", optimize=True)
rgba = street.convert("RGBA")
rgba.putalpha(Image.linear_gradient("L").resize(street.size))
rgba.save("alpha.png", optimize=True)
street.save("street.webp", lossless=True)
scene(30, 20).save("tiny.png", optimize=True)
scene(160, 120, 30).transpose(Image.Transpose.FLIP_TOP_BOTTOM).save("other.png", optimize=True)
scene(640, 41).save("wide.png", optimize=True)
Image.new("RGB", (8, 8), (10, 20, 30)).save("plain.png")

with open("hashes.txt", "w") as out:
    for name in ["street.png", "smaller.png", "street.jpg", "darker.png", "grey.png", "palette.png", "alpha.png",
                 "street.webp", "tiny.png", "other.png", "wide.png", "plain.png"]:
        print(name, imagehash.phash(Image.open(name)), file=out)
