package rpc

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"localchat/cli/internal/clitest"
	"localchat/node"
)

// TestEventFields: the body of every event is an object, without a field that Event itself writes.
func TestEventFields(t *testing.T) {
	for _, body := range clitest.Events() {
		raw, err := Event(node.Event{Seq: 1, Room: clitest.LabID, RoomName: "lab", Body: body})
		if err != nil {
			t.Fatal(err)
		}
		var whole map[string]json.RawMessage
		if err := json.Unmarshal(raw, &whole); err != nil {
			t.Fatalf("%s: %v: %s", body.Type(), err, raw)
		}
		fields, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		var own map[string]json.RawMessage
		if err := json.Unmarshal(fields, &own); err != nil {
			t.Fatal(err)
		}
		if len(whole) != len(own)+5 {
			t.Errorf("%s: a field of the body has the name of a field that Event writes: %s", body.Type(), raw)
		}
	}
}

// TestMethodTable: the methods that programs rely on exist.
func TestMethodTable(t *testing.T) {
	table := rpcMethods{}.table()
	for _, name := range strings.Fields(`node.info node.peers node.dial node.subscribe node.shown room.list room.create room.join room.leave room.say room.tell
		room.members room.history room.invite room.accept room.deny room.kick room.ban room.unban room.bans room.policy room.close room.renew`) {
		if table[name] == nil {
			t.Errorf("there is no %s", name)
		}
	}
}

func TestParameters(t *testing.T) {
	for _, c := range []struct {
		params any
		want   string
	}{
		{noParams{}, ""},
		{createParams{}, "name! nick access subject idle_s retain_s history members_invite hide_reasons slow_s speak"},
		{policyParams{}, "room! access subject idle_s retain_s history members_invite hide_reasons slow_s speak"},
		{sayParams{}, "room! text! action"},
		{joinParams{}, "room invite nick timeout_s find_s visit"},
	} {
		var got []string
		for _, p := range parametersOf(reflect.TypeOf(c.params)) {
			if p.required {
				p.name += "!"
			}
			got = append(got, p.name)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%T has %q, want %q", c.params, got, c.want)
		}
	}
}

// TestParametersAreUsed reads the source of the methods: each uses every one of its parameters.
func TestParametersAreUsed(t *testing.T) {
	file := &ast.File{Name: ast.NewIdent("rpc")}
	for _, name := range []string{"types.go", "methods.go", "methods_room.go"} {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		file.Decls = append(file.Decls, f.Decls...)
	}
	fields := make(map[string][]string) // of each struct of parameters
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if s, ok := spec.Type.(*ast.StructType); ok {
			for _, f := range s.Fields.List {
				for _, name := range f.Names {
					fields[spec.Name.Name] = append(fields[spec.Name.Name], name.Name)
				}
				if embedded, ok := f.Type.(*ast.SelectorExpr); ok && len(f.Names) == 0 {
					fields[spec.Name.Name] = append(fields[spec.Name.Name], embedded.Sel.Name)
				}
			}
		}
		return true
	})
	checked := 0
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv == nil || len(f.Type.Params.List) != 2 || len(f.Type.Params.List[1].Names) != 1 {
			continue
		}
		given := f.Type.Params.List[1]
		of, ok := given.Type.(*ast.Ident)
		if !ok || len(fields[of.Name]) == 0 {
			continue
		}
		used := make(map[string]bool)
		ast.Inspect(f.Body, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == given.Names[0].Name {
					used[s.Sel.Name] = true
				}
			}
			return true
		})
		for _, name := range fields[of.Name] {
			if checked++; !used[name] {
				t.Errorf("%s takes %s and ignores it", f.Name.Name, name)
			}
		}
	}
	if checked < 40 {
		t.Errorf("%d parameters were found, which are not all", checked)
	}
}

// TestRPCTextIsExact: every method takes a parameter exactly as it is, or refuses the request.
func TestRPCTextIsExact(t *testing.T) {
	flaws := map[string]string{
		"\"a\xffb\"": "is not valid UTF-8", "\"\xed\xa0\x80\"": "is not valid UTF-8", "\"\xc0\xaf\"": "is not valid UTF-8",
		`"\ud800"`: "surrogate", `"x\uDC00y"`: "surrogate", `"\ud83d"`: "surrogate", `"\ud83d\ud83d\ude00"`: "surrogate", `"\ud83dude00"`: "surrogate", `"\ude00\ud83d"`: "surrogate",
		`"a\u0000"`: "NUL",
	}
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		f.Quiet = true
		d := serveTo(t, f)
		for method, params := range map[string]any{
			"node.dial": addrParams{}, "room.create": createParams{}, "room.join": joinParams{}, "room.leave": roomParams{}, "room.say": sayParams{}, "room.tell": tellParams{}, "room.kick": reasonParams{},
			"room.ban": banParams{}, "room.unban": whoParams{}, "room.invite": inviteParams{}, "room.uninvite": uninviteParams{}, "node.verify": verifyParams{}, "node.ignore": ignoreParams{}, "room.policy": policyParams{}, "room.close": closeParams{},
		} {
			all := parametersOf(reflect.TypeOf(params))
			for _, bad := range all {
				for flaw, why := range flaws {
					var given []string
					for _, p := range all {
						switch {
						case p.name == bad.name:
							given = append(given, fmt.Sprintf("%q:%s", p.name, flaw))
						case p.required && p.name == "verified":
							given = append(given, `"verified":true`)
						case p.required:
							given = append(given, fmt.Sprintf("%q:\"x\"", p.name))
						}
					}
					got := d.asks(requestOf(1, method, strings.Join(given, ",")))
					if !strings.Contains(got, `"id":1,"error":{"code":-32602,"message":"invalid parameters: `+bad.name+` `) || !strings.Contains(got, why) {
						t.Errorf("%s with %s %q: %s", method, bad.name, flaw, got)
					}
				}
			}
		}
		if did := f.Did(); len(did) > 0 {
			t.Errorf("done all the same: %q", did)
		}
		for _, c := range []struct{ name, line, want string }{
			{"a pair", requestOf(2, "room.say", `"room":"lab","text":"\ud83d\ude00\\ud800 \u00e9"`), `"id":2,"result"`},
			{"an id that no answer can repeat", strings.Replace(requestOf(3, "room.say", `"room":"lab","text":"x"`), `"id":3`, "\"id\":\"\xff\"", 1), `"id":null,"error":{"code":-32700`},
			{"such an id in a batch", "[" + strings.Replace(requestOf(3, "room.list", ``), `"id":3`, "\"id\":\"\xff\"", 1) + "]", `"id":null,"error":{"code":-32700`},
			{"one of a batch", "[" + requestOf(4, "room.say", "\"room\":\"lab\",\"text\":\"\xff\"") + "," + requestOf(5, "room.say", `"room":"lab","text":"y"`) + "]", `"id":5,"result"`},
			{"a parameter twice", requestOf(6, "room.say", `"room":"lab","text":"a","text":"b"`), `"text\" is given twice`},
			{"a name in other letters", requestOf(6, "room.say", `"room":"lab","text":"a","TEXT":"b"`), `unknown parameter \"TEXT\"`},
			{"null", requestOf(7, "room.say", `"room":"lab","text":null`), `text is null`},
			{"null for whether", requestOf(7, "node.verify", `"who":"x","verified":null`), `verified is null`},
			{"null for what may be left out", requestOf(8, "room.close", `"room":"lab","reason":null`), `"id":8,"result"`},
			{"a string for a number", requestOf(9, "room.ban", `"room":"lab","who":"x","for_s":"60"`), `for_s has to be a whole number`},
			{"a fraction", requestOf(9, "room.ban", `"room":"lab","who":"x","for_s":1.5`), `for_s has to be a whole number`},
			{"a number for a string", requestOf(9, "room.say", `"room":"lab","text":5`), `text has to be a string`},
			{"a number for whether", requestOf(9, "room.policy", `"room":"lab","members_invite":1`), `members_invite has to be true or false`},
			{"a list", `{"jsonrpc":"2.0","id":9,"method":"room.say","params":["lab"]}`, `parameters have to be an object`},
		} {
			got := d.asks(c.line)
			if !strings.Contains(got, c.want) || strings.Contains(got, "json") && strings.Contains(strings.ReplaceAll(got, `"jsonrpc"`, ""), "json") {
				t.Errorf("%s: %s", c.name, got)
			}
		}
		if did := strings.Join(f.Did(), ", "); did != "say lab \U0001F600\\ud800 \u00e9, say lab y, close lab " {
			t.Errorf("done: %q", did)
		}
		d.leaves()
	})
}

func TestAnswers(t *testing.T) {
	for line, want := range map[string]int{
		`{"id":1,"method":"x"}`: 1, `{"method":"x"}`: 0, `{`: 1, `[]`: 1, `[{"method":"x"}]`: 0, `[{"method":"x"},{"id":1,"method":"x"}]`: 1, `7`: 1, `{}`: 1,
	} {
		if got := answers([]byte(line)); got != want {
			t.Errorf("answers(%s) = %d", line, got)
		}
	}
}
