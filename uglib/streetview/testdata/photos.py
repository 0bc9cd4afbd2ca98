"""Writes the folder photos, small photographs of the village that
render/testdata/village.py makes, with Pillow.

    pip install pillow==13.0.0 && python3 photos.py

The village lies around 10 E, 50 N; its High Street runs along y = 0 and Elm Lane
along x = 0, in metres east and north of there.
"""
import math
import os
import random

from PIL import Image, ImageDraw, ImageFilter

os.makedirs("photos/north", exist_ok=True)


def scene(seed):
    """A street between houses, other houses for each seed."""
    rng = random.Random(seed)
    image = Image.new("RGB", (64, 48), (150 + seed % 5 * 15, 190, 230))
    draw = ImageDraw.Draw(image)
    draw.polygon([(0, 48), (28, 26), (36, 26), (64, 48)], fill=(90, 90, 95))
    for _ in range(6):
        x, y = rng.randrange(64), rng.randrange(10, 40)
        draw.rectangle([x, y, x + rng.randrange(6, 18), y + rng.randrange(6, 18)], fill=tuple(rng.randrange(256) for _ in "rgb"))
    return image.filter(ImageFilter.GaussianBlur(0.6))


def degrees(a):
    whole, rest = divmod(abs(a) * 3600, 3600)
    minutes, seconds = divmod(rest, 60)
    return whole, minutes, round(seconds, 5)


def exif(x, y, heading=None, reference="T", orientation=None, taken=None):
    lat = 50 + y / 111194.9
    lon = 10 + x / (111194.9 * math.cos(math.radians(50)))
    block = Image.Exif()
    block[0x0110] = "camera"  # Pillow writes no block without a tag of its own
    if orientation:
        block[0x0112] = orientation
    if taken:
        block.get_ifd(0x8769).update({0x9003: taken, 0x9011: "+00:00"})
    gps = {1: "N", 2: degrees(lat), 3: "E", 4: degrees(lon)}
    if heading is not None:
        gps.update({16: reference, 17: heading})
    block.get_ifd(0x8825).update(gps)
    return block


xmp = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:GPano="http://ns.google.com/photos/1.0/panorama/" GPano:PoseHeadingDegrees="45"/></rdf:RDF></x:xmpmeta>"""

day = "2024:05:17 10:00:00"
scene(1).save("photos/a-true.jpg", exif=exif(-150, -3, 90, taken=day), quality=90)
scene(2).save("photos/b-magnetic.jpg", exif=exif(100, 2, 270, "M", taken=day), quality=90)
scene(3).save("photos/c-magnetic-undated.png", exif=exif(50, 2, 270, "M"))
scene(4).save("photos/d-panorama.webp", exif=exif(2, 60), xmp=xmp, quality=90)

# The picture of a, smaller, lying on its side and two metres on: a near duplicate.
turned = scene(1).resize((60, 45)).transpose(Image.Transpose.ROTATE_90)
turned.save("photos/e-sideways.jpg", exif=exif(-148, -3, 92, orientation=6, taken=day), quality=80)
# The same picture elsewhere is none.
scene(1).save("photos/f-elsewhere.jpg", exif=exif(150, -3, 90), quality=85)
# The same bytes are an exact one.
with open("photos/a-true.jpg", "rb") as source, open("photos/north/twin.JPG", "wb") as twin:
    twin.write(source.read())

scene(5).save("photos/north/bare.jpg", quality=90)  # has a row in the sidecar
scene(6).save("photos/north/zug 8.png")  # has a row with a wrong value
scene(7).save("photos/north/no-row.webp", quality=90)
lost = exif(0, 0)
lost.get_ifd(0x8825)[2] = (95.0, 0.0, 0.0)
scene(8).save("photos/pole.jpg", exif=lost, quality=90)
scene(9).save("photos/meadow.jpg", exif=exif(-150, 160, 0), quality=90)  # 100 m from Park Walk, the nearest street
with open("photos/cut-off.jpg", "wb") as f:
    scene(10).save(f, format="JPEG", exif=exif(0, 0, 0))
    f.truncate(900)

with open("photos/positions.csv", "w", encoding="utf-8-sig") as f:
    f.write("File;Latitude;Longitude;Heading;Captured_At;ID\n")
    f.write("north/bare.jpg;50,0001;10,0012;10;1715940000000;9007199254740993\n")
    f.write("NORTH\\zug 8.png;150;10,001;;;\n")
    f.write("a-true;50,0000;9,9986;180;;\n")
    f.write("nowhere.jpg;50;10;;;\n")
    f.write("a-true.jpg;50,0000;9,9986;;;\n")
