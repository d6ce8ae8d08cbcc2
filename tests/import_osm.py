"""What osmium and shapely find in extracts of OpenStreetMap: the reference of tests/import_osm.rs.

pip install osmium shapely pyproj; python tests/import_osm.py FILE.osm.pbf ...
"""

import sys

import osmium
import pyproj
import shapely
from shapely import STRtree, wkb

GONE = {"construction", "proposed", "planned", "demolished", "razed", "ruins", "collapsed", "destroyed"}
OPEN = {"roof", "canopy", "carport"}


def left_out(tags):
    kinds = {tags.get("building:part") or tags.get("building"), tags.get("building")}
    kind = tags.get("building:part") or tags.get("building")
    return (
        tags.get("location") in ("underground", "underwater")
        or tags.get("underground") in ("yes", "true", "1")
        or tags.get("building") == "underground"
        or bool(kinds & GONE)
        or kind in OPEN
        or tags.get("wall") == "no"
    )


def main(path):
    box = osmium.io.Reader(path).header().box()
    transform = None
    if box.valid():
        lon, lat = (box.bottom_left.lon + box.top_right.lon) / 2, (box.bottom_left.lat + box.top_right.lat) / 2
        local = pyproj.CRS.from_proj4(f"+proj=ortho +lat_0={lat} +lon_0={lon} +ellps=WGS84 +units=m")
        transform = pyproj.Transformer.from_crs("EPSG:4326", local, always_xy=True).transform
    # A way that is the outer ring of a relation and tagged as the same building counts as the relation.
    twice = set()
    for relation in osmium.FileProcessor(path, osmium.osm.RELATION).with_filter(osmium.filter.KeyFilter("building")):
        if relation.tags.get("type") == "multipolygon" and not left_out(dict(relation.tags)):
            twice.update(f"way/{m.ref}" for m in relation.members if m.type == "w" and m.role != "inner")
    outlines, parts, skipped = {}, {}, 0
    for area in osmium.FileProcessor(path).with_areas().with_filter(osmium.filter.KeyFilter("building", "building:part")):
        if not isinstance(area, osmium.osm.Area):
            continue
        tags = dict(area.tags)
        part = tags.get("building:part", "no") != "no"
        if not part and tags.get("building", "no") == "no":
            continue
        if left_out(tags):
            skipped += 1
            continue
        shape = wkb.loads(osmium.geom.WKBFactory().create_multipolygon(area), hex=True)
        shape = shapely.transform(shape, lambda c: list(zip(*transform(c[:, 0], c[:, 1]))))
        key = ("way/" if area.from_way() else "relation/") + str(area.orig_id())
        if part or key not in twice:
            (parts if part else outlines)[key] = shape
    shapes = list(parts.values())
    tree = STRtree(shapes)
    replaced = 0
    area = sum(s.area for s in shapes)
    for shape in outlines.values():
        near = [shapes[i] for i in tree.query(shape)]
        cover = shape.intersection(shapely.union_all(near)).area / shape.area if near else 0
        if cover >= 0.9:
            replaced += 1
        else:
            area += shape.area
    print(f"{path}: {len(outlines)} outlines, {len(parts)} parts, {skipped} left out, {replaced} replaced, {area:.0f} m2")


for path in sys.argv[1:]:
    main(path)
