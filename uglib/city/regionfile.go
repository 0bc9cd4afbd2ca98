package city

import (
	"encoding/json"
	"fmt"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
	"urbangraph/uglib/osm"
)

// sides are the values of the column centre. It is no column of Booleans since
// the Parquet library leaves what was there before in their last byte.
var sides = map[bool]string{true: "inside", false: "outside"}

func (c *City) writeRegions(path string) (table, error) {
	rows := make([]regionRow, len(c.Regions))
	shapes := make([]orb.Geometry, len(c.Regions))
	for i, r := range c.Regions {
		within, err := json.Marshal(r.Within)
		if err != nil {
			return table{}, fmt.Errorf("region %d: %w", i, err)
		}
		rows[i] = regionRow{
			OSM: r.OSM, Name: r.Name, Division: r.Division.String(), Level: int32(r.Level), Code: r.Country, ISO: r.ISO,
			Within: string(within), Reach: float64(r.Reach),
		}
		if _, lines := r.Geometry.(orb.MultiLineString); lines {
			rows[i].Centre = sides[r.Centre]
		}
		shapes[i] = r.Geometry
	}
	return writeTable(path, rows, shapes, func(r *regionRow) *[]byte { return &r.Geometry })
}

func (c *City) readRegions(path string, want table) error {
	rows, err := readTable[regionRow](path, want)
	if err != nil {
		return err
	}
	c.Regions = make([]Region, len(rows))
	for i, r := range rows {
		o := Region{
			OSM: r.OSM, Name: r.Name, Level: int(r.Level), Country: r.Code, ISO: r.ISO, Centre: r.Centre == sides[true], Reach: geo.Metres(r.Reach),
		}
		var ok bool
		if o.Division, ok = osm.ParseDivision(r.Division); !ok {
			return fmt.Errorf("row %d: unknown division %q", i, r.Division)
		}
		if err := json.Unmarshal([]byte(r.Within), &o.Within); err != nil {
			return fmt.Errorf("row %d: is_in: %w", i, err)
		}
		if o.Geometry, err = decodeShape(r.Geometry); err != nil {
			return fmt.Errorf("row %d: geometry: %w", i, err)
		}
		switch o.Geometry.(type) {
		case orb.Polygon, orb.MultiPolygon, orb.MultiLineString, orb.Point:
		default:
			return fmt.Errorf("row %d: a region cannot be a %s", i, o.Geometry.GeoJSONType())
		}
		c.Regions[i] = o
	}
	return nil
}
