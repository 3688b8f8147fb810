package rpc

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A parameter of a method.
type parameter struct {
	name     string
	required bool
	index    []int // index of the field
}

// parametersOf returns the fields of a struct of parameters, including those of embedded structs.
func parametersOf(t reflect.Type) []parameter {
	var all []parameter
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" {
			all = append(all, parameter{name: name, required: options == "", index: f.Index})
		}
	}
	return all
}

// readParams fills params, a pointer to a struct, from a request, and says what is wrong with the request, or "". It accepts only
// exact parameters: encoding/json would replace invalid UTF-8 by U+FFFD, take the last of two values for one name, ignore the case
// of names, and read null as "".
func readParams(raw string, params any) (fault string) {
	if raw == "" {
		raw = "{}"
	}
	given, fault := objectOf(raw)
	if fault != "" {
		return fault
	}
	into := reflect.ValueOf(params).Elem()
	all := parametersOf(into.Type())
	for name := range given {
		if !slices.ContainsFunc(all, func(p parameter) bool { return p.name == name }) {
			return fmt.Sprintf("unknown parameter %q", name)
		}
	}
	for _, p := range all {
		value, is := given[p.name]
		switch {
		case p.required && !is:
			return p.name + " is missing"
		case p.required && string(value) == "null":
			return p.name + " is null"
		case !is:
			continue
		}
		if flaw := inexact(string(value)); flaw != "" {
			return p.name + " " + flaw
		}
		field := into.FieldByIndex(p.index)
		if json.Unmarshal(value, field.Addr().Interface()) != nil {
			return p.name + " has to be " + kindOf(field.Type())
		}
	}
	return ""
}

// kindOf names the type of a parameter.
func kindOf(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list of strings"
	}
	return "a whole number"
}

// objectOf returns the values of a JSON object by name, not decoded.
func objectOf(raw string) (values map[string]json.RawMessage, fault string) {
	in := json.NewDecoder(strings.NewReader(raw))
	if start, err := in.Token(); err != nil || start != json.Delim('{') {
		return nil, "parameters have to be an object"
	}
	values = make(map[string]json.RawMessage)
	for in.More() {
		name, err := in.Token()
		var value json.RawMessage
		if err == nil {
			err = in.Decode(&value)
		}
		if err != nil {
			return nil, "parameters have to be an object"
		}
		key, _ := name.(string)
		if _, twice := values[key]; twice {
			return nil, fmt.Sprintf("%q is given twice", key)
		}
		values[key] = value
	}
	return values, ""
}

// inexact says why a string in a JSON value is invalid or not allowed, or returns "". raw is valid JSON.
func inexact(raw string) string {
	if !utf8.ValidString(raw) {
		return "is not valid UTF-8"
	}
	for {
		at := strings.IndexByte(raw, '\\') // occurs only in strings
		if at < 0 {
			return ""
		}
		if raw = raw[at:]; raw[1] != 'u' {
			raw = raw[2:]
			continue
		}
		unit := escaped(raw)
		raw = raw[6:]
		switch {
		case unit == 0:
			return "holds a NUL character"
		case !utf16.IsSurrogate(unit):
		case strings.HasPrefix(raw, `\u`) && utf16.DecodeRune(unit, escaped(raw)) != utf8.RuneError:
			raw = raw[6:]
		default:
			return "holds half of a surrogate pair, which is not a character"
		}
	}
}

// inexactParam returns the name of the first parameter in a struct that is not valid UTF-8, which JSON cannot express, or "".
func inexactParam(params any) string {
	of := reflect.ValueOf(params)
	for _, p := range parametersOf(of.Type()) {
		value := reflect.Indirect(of.FieldByIndex(p.index))
		if value.Kind() == reflect.String && !utf8.ValidString(value.String()) {
			return p.name
		}
	}
	return ""
}

// escaped returns the UTF-16 unit of the escape \uXXXX that s begins with.
func escaped(s string) rune {
	unit, _ := strconv.ParseUint(s[2:6], 16, 16)
	return rune(unit)
}

// namesItself reports whether the id of a request, or of each request in a batch, is valid UTF-8, so that an answer can repeat it.
func namesItself(line []byte) bool {
	return utf8.Valid(line) || !slices.ContainsFunc(requestsIn(line), func(r requestHead) bool { return !utf8.Valid(r.ID) })
}
