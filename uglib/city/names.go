package city

import "fmt"

var kinds = [...]string{Street: "street", Crossing: "crossing", POI: "poi", Area: "area"}

// String returns "street", "crossing", "poi" or "area".
func (k Kind) String() string {
	if int(k) < len(kinds) {
		return kinds[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// ParseKind is the inverse of [Kind.String].
func ParseKind(s string) (Kind, error) {
	for k, name := range kinds {
		if name == s {
			return Kind(k), nil
		}
	}
	return 0, fmt.Errorf("unknown kind of node %q, not one of %v", s, kinds)
}

var edgeTypes = [...]string{Nearest: "nearest", Crosses: "crosses", Along: "along", Continues: "continues", Bounds: "bounds", Inside: "inside"}

// String returns "nearest", "crosses", "along", "continues", "bounds"
// or "inside".
func (t EdgeType) String() string {
	if int(t) < len(edgeTypes) {
		return edgeTypes[t]
	}
	return fmt.Sprintf("EdgeType(%d)", uint8(t))
}

// ParseEdgeType is the inverse of [EdgeType.String].
func ParseEdgeType(s string) (EdgeType, error) {
	for t, name := range edgeTypes {
		if name == s {
			return EdgeType(t), nil
		}
	}
	return 0, fmt.Errorf("unknown type of edge %q, not one of %v", s, edgeTypes)
}

var relations = [...]string{NoRelation: "", Outside: "outside", Through: "through", Across: "crossing", Adjacent: "adjacent"}

// String returns "outside", "through", "crossing" or "adjacent", and nothing
// for [NoRelation].
func (r Relation) String() string {
	if int(r) < len(relations) {
		return relations[r]
	}
	return fmt.Sprintf("Relation(%d)", uint8(r))
}

// ParseRelation is the inverse of [Relation.String].
func ParseRelation(s string) (Relation, error) {
	for r, name := range relations {
		if name == s {
			return Relation(r), nil
		}
	}
	return 0, fmt.Errorf("unknown relation %q of an area and a street, not one of %v", s, relations[1:])
}
