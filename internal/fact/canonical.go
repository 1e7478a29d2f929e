package fact

import (
	"bytes"
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// Subject is one part of a measurement that is stored by itself, by the hash of
// what stays the same when nothing has changed.
type Subject struct {
	Kind  string // "lookup", "zone", "name_server", "host", "mail_server", "mta_sts", "chain", "route", "pair", "similarity"
	Key   string // what it is of, unique within the kind and the measurement
	Value any    // pointer to the fact
}

// Subjects lists the parts of a measurement in a fixed order.
func (m *Measurement) Subjects() []Subject {
	var s []Subject
	add := func(kind, key string, v any) { s = append(s, Subject{kind, key, v}) }
	if d := m.DNS; d != nil {
		for i := range d.Lookups {
			add("lookup", d.Lookups[i].Name+" "+d.Lookups[i].Type, &d.Lookups[i])
		}
		for i := range d.Zones {
			add("zone", d.Zones[i].Name, &d.Zones[i])
		}
		for i := range d.NameServers {
			add("name_server", d.NameServers[i].Name, &d.NameServers[i])
		}
	}
	if w := m.Web; w != nil {
		for i := range w.Hosts {
			add("host", w.Hosts[i].Addr.String(), &w.Hosts[i])
		}
		if w.Similarity != nil {
			add("similarity", "", w.Similarity)
		}
		if w.Pair != nil {
			add("pair", w.Pair.Name, w.Pair)
		}
	}
	if f := m.Mail; f != nil {
		for i := range f.Servers {
			add("mail_server", f.Servers[i].Name, &f.Servers[i])
		}
		if f.Policy != nil {
			add("mta_sts", "", f.Policy)
		}
	}
	for i := range m.Routes {
		add("route", m.Routes[i].Addr.String(), &m.Routes[i])
	}
	for i := range m.Chains {
		add("chain", m.Chains[i].ID, &m.Chains[i])
	}
	return s
}

// Hash is the content hash of a fact: SHA-256 over its canonical form, in
// hexadecimal. Volatile fields do not enter.
func Hash(v any) (string, error) {
	stable, _, err := Split(v)
	if err != nil {
		return "", err
	}
	h := sha256.Sum256(stable)
	return hex.EncodeToString(h[:]), nil
}

// Split divides a fact into its canonical form (JSON with sorted keys, without
// white space, empty fields and volatile fields) and the volatile rest in the same
// form. The rest is nil when there is none.
func Split(v any) (stable, volatile []byte, err error) {
	s, w, err := splitValue(reflect.ValueOf(v))
	if err != nil {
		return nil, nil, fmt.Errorf("splitting %T: %w", v, err)
	}
	if stable, err = marshal(s); err != nil {
		return nil, nil, err
	}
	if w != nil {
		if volatile, err = marshal(w); err != nil {
			return nil, nil, err
		}
	}
	return stable, volatile, nil
}

// Join puts together what Split divided and fills v, a pointer to the same type.
// volatile may be nil: those fields stay zero.
func Join(stable, volatile []byte, v any) error {
	if volatile == nil {
		return json.Unmarshal(stable, v)
	}
	var s, w any
	if err := decode(stable, &s); err != nil {
		return fmt.Errorf("stable part: %w", err)
	}
	if err := decode(volatile, &w); err != nil {
		return fmt.Errorf("volatile part: %w", err)
	}
	b, err := marshal(merge(s, w))
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func decode(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode(v)
}

func merge(a, b any) any {
	switch b := b.(type) {
	case nil:
		return a
	case map[string]any:
		m, ok := a.(map[string]any)
		if !ok {
			return b
		}
		for k, v := range b {
			m[k] = merge(m[k], v)
		}
		return m
	case []any:
		l, ok := a.([]any)
		if !ok || len(l) != len(b) {
			return b
		}
		for i := range b {
			l[i] = merge(l[i], b[i])
		}
		return l
	}
	return b
}

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

// splitValue returns the stable and the volatile tree of a value. Either is nil
// when it holds nothing.
func splitValue(v reflect.Value) (stable, volatile any, err error) {
	if !v.IsValid() {
		return nil, nil, nil
	}
	t := v.Type()
	if t.Implements(jsonMarshaler) || t.Implements(textMarshaler) {
		if v.Kind() == reflect.Pointer && v.IsNil() {
			return nil, nil, nil
		}
		return leaf(v)
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil, nil, nil
		}
		return splitValue(v.Elem())
	case reflect.Struct:
		s, w := map[string]any{}, map[string]any{}
		if err := splitStruct(v, s, w); err != nil {
			return nil, nil, err
		}
		if len(w) == 0 {
			return s, nil, nil
		}
		return s, w, nil
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return leaf(v)
		}
		s, w, some := make([]any, v.Len()), make([]any, v.Len()), false
		for i := range v.Len() {
			if s[i], w[i], err = splitValue(v.Index(i)); err != nil {
				return nil, nil, err
			}
			some = some || w[i] != nil
		}
		if !some {
			return s, nil, nil
		}
		return s, w, nil
	default:
		return leaf(v)
	}
}

func splitStruct(v reflect.Value, s, w map[string]any) error {
	t := v.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		if f.Anonymous && f.Tag.Get("json") == "" && f.Type.Kind() == reflect.Struct {
			if err := splitStruct(v.Field(i), s, w); err != nil {
				return err
			}
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		fv := v.Field(i)
		if fv.IsZero() || (fv.Kind() == reflect.Slice && fv.Len() == 0) {
			continue // an empty field says nothing, whatever its tag
		}
		if f.Tag.Get("peil") == "volatile" {
			l, _, err := leaf(fv)
			if err != nil {
				return err
			}
			w[name] = l
			continue
		}
		fs, fw, err := splitValue(fv)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		s[name] = fs
		if fw != nil {
			w[name] = fw
		}
	}
	return nil
}

func leaf(v reflect.Value) (stable, volatile any, err error) {
	b, err := json.Marshal(v.Interface())
	if err != nil {
		return nil, nil, err
	}
	var x any
	err = decode(b, &x)
	return x, nil, err
}
