package main_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// sourceOf returns the parsed Go source under a folder, without tests, by file.
func sourceOf(t *testing.T, folder string) map[string]*ast.File {
	t.Helper()
	files := make(map[string]*ast.File)
	for _, name := range sources(t) {
		if !strings.HasPrefix(name, folder+"/") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = f
	}
	return files
}

// literals returns the strings that pick finds in the source under a folder, sorted and each once.
func literals(t *testing.T, folder string, pick func(ast.Node) ast.Expr) []string {
	t.Helper()
	var all []string
	for _, f := range sourceOf(t, folder) {
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := pick(n).(*ast.BasicLit); ok && lit.Kind == token.STRING {
				s, _ := strconv.Unquote(lit.Value)
				all = append(all, s)
			}
			return true
		})
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// A typesOf has the declarations in the source under some folders, by their qualified names: node.Event.
type typesOf struct {
	types map[string]ast.Expr
	funcs map[string][]*ast.FuncDecl
}

func readTypes(t *testing.T, folders ...string) typesOf {
	t.Helper()
	src := typesOf{make(map[string]ast.Expr), make(map[string][]*ast.FuncDecl)}
	for _, folder := range folders {
		for _, f := range sourceOf(t, folder) {
			for _, d := range f.Decls {
				switch d := d.(type) {
				case *ast.FuncDecl:
					full := f.Name.Name + "." + d.Name.Name
					src.funcs[full] = append(src.funcs[full], d)
				case *ast.GenDecl:
					for _, s := range d.Specs {
						if s, ok := s.(*ast.TypeSpec); ok {
							src.types[f.Name.Name+"."+s.Name.Name] = s.Type
						}
					}
				}
			}
		}
	}
	return src
}

// resolve finds the struct that an expression of a package names, and the package of the struct.
func (src typesOf) resolve(pkg string, of ast.Expr) (string, *ast.StructType) {
	switch of := of.(type) {
	case *ast.StructType:
		return pkg, of
	case *ast.StarExpr:
		return src.resolve(pkg, of.X)
	case *ast.Ident:
		if next, ok := src.types[pkg+"."+of.Name]; ok {
			return src.resolve(pkg, next)
		}
	case *ast.SelectorExpr:
		if of2, ok := of.X.(*ast.Ident); ok {
			if next, ok := src.types[of2.Name+"."+of.Sel.Name]; ok {
				return src.resolve(of2.Name, next)
			}
		}
	}
	return pkg, nil
}

// A jsonField is a field of a struct by its name in JSON.
type jsonField struct {
	name     string
	optional bool
	pkg      string
	of       ast.Expr
}

// fields returns the fields of a struct, including those of embedded structs.
func (src typesOf) fields(pkg string, of ast.Expr) (all []jsonField) {
	pkg, body := src.resolve(pkg, of)
	if body == nil {
		return nil
	}
	for _, f := range body.Fields.List {
		if f.Tag == nil {
			if len(f.Names) == 0 {
				all = append(all, src.fields(pkg, f.Type)...)
			}
			continue
		}
		raw, _ := strconv.Unquote(f.Tag.Value)
		name, options, _ := strings.Cut(reflect.StructTag(raw).Get("json"), ",")
		_, pointer := f.Type.(*ast.StarExpr)
		if name != "-" {
			all = append(all, jsonField{name, options != "" || pointer, pkg, f.Type})
		}
	}
	return all
}

// events returns the events of package node by type, each with the names of its fields in JSON.
func (src typesOf) events() map[string][]string {
	all := make(map[string][]string)
	for _, d := range src.funcs["node.Type"] {
		ret, ok := d.Body.List[0].(*ast.ReturnStmt)
		if d.Recv == nil || !ok {
			continue
		}
		lit, ok := ret.Results[0].(*ast.BasicLit)
		if !ok {
			continue
		}
		event, _ := strconv.Unquote(lit.Value)
		fields := []string{}
		for _, f := range src.fields("node", d.Recv.List[0].Type) {
			fields = append(fields, f.name)
		}
		slices.Sort(fields)
		all[event] = fields
	}
	return all
}

// A signature has the parameters and the result of a method of JSON-RPC.
type signature struct{ params, result typeIn }

type typeIn struct {
	pkg string
	of  ast.Expr
}

var aMethod = regexp.MustCompile(`^(node|room)\.[a-z_]+$`)

// methods returns the methods in the table of JSON-RPC, with entries such as "room.say": method(a, m.say).
func (src typesOf) methods() map[string]signature {
	all := make(map[string]signature)
	for full, decls := range src.funcs {
		pkg, _, _ := strings.Cut(full, ".")
		for _, table := range decls {
			if table.Body == nil {
				continue
			}
			ast.Inspect(table.Body, func(n ast.Node) bool {
				kv, ok := n.(*ast.KeyValueExpr)
				if !ok {
					return true
				}
				key, isLit := kv.Key.(*ast.BasicLit)
				call, isCall := kv.Value.(*ast.CallExpr)
				if !isLit || !isCall || len(call.Args) == 0 {
					return true
				}
				method, _ := strconv.Unquote(key.Value)
				does, ok := call.Args[len(call.Args)-1].(*ast.SelectorExpr)
				if !ok || !aMethod.MatchString(method) {
					return true
				}
				for _, d := range src.funcs[pkg+"."+does.Sel.Name] {
					if receiver(d) == receiver(table) {
						all[method] = signature{typeIn{pkg, d.Type.Params.List[1].Type}, typeIn{pkg, d.Type.Results.List[0].Type}}
					}
				}
				return true
			})
		}
	}
	return all
}

// receiver returns the name of the type of a method.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	of := d.Recv.List[0].Type
	if star, ok := of.(*ast.StarExpr); ok {
		of = star.X
	}
	name, _ := of.(*ast.Ident)
	if name == nil {
		return ""
	}
	return name.Name
}

// params returns the names of parameters, with a question mark after optional ones.
func (src typesOf) params(in typeIn) []string {
	all := []string{}
	for _, f := range src.fields(in.pkg, in.of) {
		if f.optional {
			f.name += "?"
		}
		all = append(all, f.name)
	}
	slices.Sort(all)
	if len(all) == 0 {
		return nil
	}
	return all
}

// results returns the names in a result, and in the elements of its lists if cell shows those.
func (src typesOf) results(in typeIn, cell string) (all []string) {
	for _, f := range src.fields(in.pkg, in.of) {
		all = append(all, f.name)
		if list, ok := f.of.(*ast.ArrayType); ok && !strings.Contains(cell, f.name+": […]") {
			all = append(all, src.results(typeIn{f.pkg, list.Elt}, cell)...)
		}
	}
	return all
}
