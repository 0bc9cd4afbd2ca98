"""Writes the small geotagged files of this folder with Pillow, an EXIF writer
that is not ours.

    pip install pillow==13.0.0 && python3 photos.py

The block of the JPEG file is big-endian, those of the others little-endian.
"""
from PIL import Image

Image_ = Image.new("RGB", (12, 8), (200, 40, 40))
for x in range(12):
    Image_.putpixel((x, 0), (0, 0, 255))  # the first row is blue

exif = Image.Exif()
exif[0x010E] = "a photograph"
exif[0x0112] = 6
exif[0x0131] = "camera 1.0"
ifd = exif.get_ifd(0x8769)
ifd[0x9003] = "2024:05:17 13:45:59"
ifd[0x9011] = "+02:00"
gps = exif.get_ifd(0x8825)
gps[1], gps[2] = "S", (33.0, 51.0, 25.5)
gps[3], gps[4] = "W", (151.0, 12.0, 55.25)
gps[16], gps[17] = "M", 271.5
Image_.save("photo.jpg", exif=exif, quality=95)
exif.endian = "<"
Image_.save("photo.png", exif=exif)
Image_.save("photo.webp", exif=exif, lossless=True)
Image_.save("bare.jpg")
Image_.save("bare.png")
