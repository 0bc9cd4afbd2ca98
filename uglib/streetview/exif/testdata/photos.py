"""Writes the small geotagged files of this folder with Pillow, an EXIF writer
that is not ours.

    pip install pillow==13.0.0 && python3 photos.py

The block of photo.jpg is big-endian, those of photo.png and photo.webp
little-endian. The files pano.* say where they look in XMP only, as an
attribute, as a compressed text and as an element; lost.jpg stands beyond the
north pole, and its heading is 0/0; clock.jpg has local time without a zone, and
the time of GPS.
"""
from PIL import Image, PngImagePlugin
from PIL.TiffImagePlugin import IFDRational

picture = Image.new("RGB", (12, 8), (200, 40, 40))
for x in range(12):
    picture.putpixel((x, 0), (0, 0, 255))  # the first row is blue


def block(gps, tags={}, taken={}):
    exif = Image.Exif()
    for tag, value in tags.items():
        exif[tag] = value
    exif.get_ifd(0x8769).update(taken)
    exif.get_ifd(0x8825).update(gps)
    return exif


exif = block(
    {1: "S", 2: (33.0, 51.0, 25.5), 3: "W", 4: (151.0, 12.0, 55.25), 16: "M", 17: 271.5},
    {0x010E: "a photograph", 0x0112: 6, 0x0131: "camera 1.0"},
    {0x9003: "2024:05:17 13:45:59", 0x9011: "+02:00"},
)
picture.save("photo.jpg", exif=exif, quality=95)
exif.endian = "<"
picture.save("photo.png", exif=exif)
picture.save("photo.webp", exif=exif, lossless=True)
picture.save("bare.jpg")
picture.save("bare.png")

packet = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:G="http://ns.google.com/photos/1.0/panorama/" %s</rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""
attribute = (packet % 'G:ProjectionType="equirectangular" G:PoseHeadingDegrees="123.5"/>').encode()
element = (packet % "><G:PoseHeadingDegrees> 123.5 </G:PoseHeadingDegrees></rdf:Description>").encode()
here = {1: "N", 2: (50.0, 0.0, 0.0), 3: "E", 4: (10.0, 0.0, 0.0)}
picture.save("pano.jpg", exif=block(here), xmp=attribute)
info = PngImagePlugin.PngInfo()
info.add_itxt("XML:com.adobe.xmp", attribute.decode(), zip=True)
picture.save("pano.png", pnginfo=info)
picture.save("pano.webp", exif=block(here), xmp=element, lossless=True)

nothing = IFDRational(0, 0)
picture.save("lost.jpg", exif=block({1: "N", 2: (95.0, 30.0, nothing), 3: "E", 4: (10.0, 0.0, 0.0), 16: "T", 17: nothing}))
picture.save("clock.jpg", exif=block({**here, 7: (11.0, 45.0, 58.5), 29: "2024:05:17"}, taken={0x9003: "2024:05:17 13:45:59"}))
