package render

import (
	"math"
	"time"

	"urbangraph/uglib/geo"
)

// Weather is the state of the sky.
type Weather uint8

const (
	Clear Weather = iota
	Overcast
	Dusk
)

// String returns "clear", "overcast" or "dusk".
func (w Weather) String() string { return [...]string{"clear", "overcast", "dusk"}[w] }

// Conditions are what a view is seen under, other than its place.
type Conditions struct {
	Weather Weather
	Sun     geo.Bearing // direction in which the sun stands
}

// ConditionsAt returns the conditions of a seed at a local time: the sun moves
// by 15 degrees an hour and stands in the south at noon; from 18 o'clock on it
// is dusk, and of the other times one in three is overcast.
func ConditionsAt(seed uint64, local time.Time) Conditions {
	hour := float64(local.Hour()) + float64(local.Minute())/60
	c := Conditions{Sun: geo.NormalBearing(180 + 15*(hour-12))}
	switch {
	case hour >= 18:
		c.Weather = Dusk
	case hash(seed, 0x57EA)%3 == 0:
		c.Weather = Overcast
	}
	return c
}

// light is how a view is lit.
type light struct {
	zenith, haze rgb     // colours of the sky above and at the horizon
	tint         rgb     // colour of the light
	glow         rgb     // colour of the light on signs, which are lit at dusk
	contrast     float32 // between walls in the sun and in the shade
	reach        float64 // depth in metres at which haze takes 63%
	sun          float64 // radians
	lit          float64 // part of the windows with light behind them
	clouds       bool
	seed         uint64
}

func newLight(c Conditions, seed uint64) *light {
	l := &light{sun: c.Sun.Radians(), seed: seed}
	switch c.Weather {
	case Clear:
		l.zenith, l.haze, l.tint = hex(0x4F8FDD), hex(0xCFE2F2), rgb{1.04, 1.02, 0.98}
		l.contrast, l.reach, l.clouds = 0.30, 700, true
	case Overcast:
		l.zenith, l.haze, l.tint = hex(0xA9B2BC), hex(0xD5DADE), rgb{0.93, 0.95, 0.97}
		l.contrast, l.reach = 0.12, 420
	case Dusk:
		l.zenith, l.haze, l.tint = hex(0x39507E), hex(0xEBB48E), rgb{0.84, 0.74, 0.74}
		l.contrast, l.reach, l.lit = 0.22, 520, 0.4
	}
	l.glow = l.tint
	if c.Weather == Dusk {
		l.glow = rgb{1.05, 1, 0.95}
	}
	return l
}

// hazeAt is the part of the haze in what is seen at a depth.
func (l *light) hazeAt(depth float64) float32 {
	return float32(0.92 * (1 - math.Exp(-depth/l.reach)))
}

// shade lights a colour; brightness is 1 for what lies flat.
func (l *light) shade(c rgb, brightness float32) rgb { return c.mul(l.tint).scale(brightness) }

// onWall is the brightness of a wall that faces (east, north).
func (l *light) onWall(east, north float64) float32 {
	return 0.88 + l.contrast*float32(east*math.Sin(l.sun)+north*math.Cos(l.sun))
}

// sky fills the canvas above the horizon, and the ground below it with the
// neutral lawn of the surroundings.
func (c *canvas) sky(lawn *material) {
	hy := int(c.hy)
	for y := range hy {
		up := 1 - float64(y)/c.hy
		paint := c.light.haze.mix(c.light.zenith, float32(math.Pow(up, 0.7))).pack()
		row := c.pix[y*c.w : (y+1)*c.w]
		for x := range row {
			row[x] = paint
		}
	}
	for y := hy; y < c.h; y++ {
		c.span(y, 0, c.w, lawn)
	}
	if c.light.clouds {
		c.clouds()
	}
}

// clouds draws a few flat clouds that stand still in the world, so that views
// with the same light and heading share them.
func (c *canvas) clouds() {
	heading := math.Atan2(c.ahead[0], c.ahead[1])
	for i := range uint64(9) {
		h := hash(c.light.seed, i, 0xC10D)
		off := math.Remainder(unit(h)*2*math.Pi-heading, 2*math.Pi)
		if math.Abs(off) > 1.1 {
			continue
		}
		x, y := c.cx+c.focal*math.Tan(off), c.hy*(0.12+0.6*unit(hash(h, 1)))
		for j := range uint64(5) {
			g := hash(h, j, 2)
			rx := float64(c.w) * (0.04 + 0.06*unit(g))
			px := x + (unit(hash(g, 1))-0.5)*float64(c.w)*0.18
			c.ellipse(px, y+(unit(hash(g, 2))-0.5)*float64(c.h)*0.03, rx, rx*0.22)
		}
	}
}

// ellipse whitens part of the sky.
func (c *canvas) ellipse(x, y, rx, ry float64) {
	for row := max(0, int(y-ry)); row < min(int(c.hy), int(y+ry)+1); row++ {
		t := (float64(row) + 0.5 - y) / ry
		if t*t >= 1 {
			continue
		}
		half := rx * math.Sqrt(1-t*t)
		for col := max(0, int(x-half)); col < min(c.w, int(x+half)); col++ {
			p := &c.pix[row*c.w+col]
			*p = unpack(*p).mix(rgb{1, 1, 1}, 0.35).pack()
		}
	}
}

// treeline draws the neutral line of far trees at the horizon.
func (c *canvas) treeline(seed uint64) {
	heading := math.Atan2(c.ahead[0], c.ahead[1])
	paint := c.light.shade(hex(0x4C6A48), 1).mix(c.light.haze, 0.55).pack()
	for x := range c.w {
		a := heading + math.Atan((float64(x)+0.5-c.cx)/c.focal)
		rise := 0.010 + 0.005*math.Sin(17*a+unit(seed)*7) + 0.003*math.Sin(61*a) + 0.002*math.Sin(163*a+1)
		for y := max(0, int(c.hy-rise*c.focal)); y <= int(c.hy) && y < c.h; y++ {
			c.pix[y*c.w+x] = paint
		}
	}
}
