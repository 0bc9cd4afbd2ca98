"""Writes village.osm: a made-up village with one of each thing that is drawn.

    python3 village.py > village.osm

Places are metres east and north of 50 N, 10 E. Nothing of it exists.
"""
import math

LAT, LON = 50.0, 10.0
M = 6371000 * math.pi / 180
nodes, ways, relations = [], [], []


def node(x, y, **tags):
    nodes.append((x, y, tags))
    return len(nodes)


def way(points, **tags):
    refs = [p if isinstance(p, int) else node(*p) for p in points]
    ways.append((refs, tags))
    return len(ways)


def box(x0, y0, x1, y1, **tags):
    a = node(x0, y0)
    way([a, node(x1, y0), node(x1, y1), node(x0, y1), a], **tags)


def key(k):
    return k.replace("__", ":")


centre = node(0, 0, highway="traffic_signals")
east = node(120, 0)
north = node(0, 150)
zebra = node(40, 0, highway="crossing", crossing="zebra")
stop = node(0, -15, highway="stop")
way([(-250, 0), centre, zebra, east, (250, 0)], highway="primary", name="High Street", lanes="3", sidewalk="both")
way([(0, -250), stop, centre, north, (0, 250)], highway="residential", name="Elm Lane")
way([east, (120, 120), (60, 200)], highway="tertiary", name="Mill Road", sidewalk="left")
way([(120, 120), (200, 140)], highway="service")
way([north, (60, 200)], highway="living_street", name="Old Yard")
way([(-60, 60), (-200, 60)], highway="footway", name="Park Walk")
way([(-250, -80), (250, -80)], railway="rail")
way([(-220, 120), (-120, 160), (-40, 240)], waterway="river", name="Brook")

for i in range(5):
    x = 12 + 22 * i
    levels = str(2 + i % 3)
    if x < 100:
        box(x, 12, x + 20, 26, building="retail", building__levels=levels)
    box(x + 10, -30, x + 26, -14, building="apartments", height=str(9 + 4 * i))
for i in range(4):
    box(-26, -60 - 26 * i, -12, -48 - 26 * i, building="house")
    box(12, -60 - 26 * i, 26, -48 - 26 * i, building="house", building__colour="#b04030")
box(-60, 14, -30, 40, building="yes", amenity="school", name="Village School")
box(-220, 20, -80, 110, leisure="park", name="Green Park")
box(140, -60, 200, -14, amenity="parking", name="Station Parking")
box(150, 20, 190, 60, building="office", height="38", name="North Tower", office="company")
box(-140, -60, -90, -20, natural="water", name="Pond")
box(140, 160, 220, 230, landuse="forest")

node(20, 14, amenity="restaurant", name="Golden Fork")
node(45, 14, shop="bakery", name="Corner Bakery")
node(66, 14, amenity="pharmacy", name="Cross Pharmacy")
node(88, 14, amenity="bank", name="Savings Bank")
node(18, -16, tourism="hotel", name="Hotel Central")
node(-70, -20, tourism="attraction", name="Old Well")
node(-100, 9, highway="bus_stop", name="High Street West")
for i in range(6):
    node(-75 - 24 * i, 15, natural="tree")
    node(-75 - 24 * i, -9, highway="street_lamp")

print("<?xml version='1.0' encoding='UTF-8'?>\n<osm version='0.6' generator='village.py'>")


def tags(t):
    return "".join(f"<tag k='{key(k)}' v='{v}'/>" for k, v in t.items())


for i, (x, y, t) in enumerate(nodes, 1):
    lat, lon = LAT + y / M, LON + x / M / math.cos(math.radians(LAT))
    print(f"<node id='{i}' version='1' visible='true' lat='{lat:.7f}' lon='{lon:.7f}'>{tags(t)}</node>")
for i, (refs, t) in enumerate(ways, 1001):
    print(f"<way id='{i}' version='1' visible='true'>{''.join(f'<nd ref={chr(39)}{r}{chr(39)}/>' for r in refs)}{tags(t)}</way>")
print("</osm>")
