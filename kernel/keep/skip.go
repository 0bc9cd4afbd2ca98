package keep

// skip passes over a value in a field that is gone.
func (d *decoder) skip(wire int, r *reader) {
	w := &d.types[wire]
	if w.plain {
		r.take(int(w.size))
		return
	}
	switch w.kind {
	case kindString:
		if n := r.uvarint(); n < farMinimum {
			r.take(int(n))
		} else {
			r.uvarint()
		}
	case kindArray:
		for i := 0; i < w.n && !r.bad; i++ {
			d.skip(w.elem, r)
		}
	case kindStruct:
		for _, f := range w.fields {
			if r.bad {
				return // or a damaged file could make it long
			}
			d.skip(f.wire, r)
		}
	case kindInterface:
		d.skipDynamic(r, 0)
	case kindEmpty:
		r.byte()
	case kindPointer, kindReopened, kindSlice, kindMap:
		r.uvarint()
	case kindTime:
		r.bytes()
		r.bytes()
	default:
		r.bytes()
	}
}

func (d *decoder) skipDynamic(r *reader, depth int) {
	x := r.number(len(d.types))
	if x == 0 || r.bad || depth > maxErrors {
		return
	}
	switch wire := x - 1; {
	case wire == wireSentinel:
		r.byte()
	case wire == wireError:
		r.bytes()
		for range r.count() {
			d.skipDynamic(r, depth+1)
		}
	case d.types[wire].boxed():
		r.uvarint()
	default:
		d.skip(wire, r)
	}
}
