package render

import "testing"

// TestMentions: a name counts as a word of its own and, in scripts without blanks, anywhere.
func TestMentions(t *testing.T) {
	for nick, texts := range map[string]map[string]bool{
		"bob": {
			"bob: look": true, "hey @Bob!": true, "bobby": false, "kabob": false, "no": false, "bobby and bob": true, "bob": true, "bob-2": false,
			"\u2068@bob\u2069": true, "bobさん": true, "見てbob": true, "bob은": true, "ＢＯＢ!": true, "боbob": false, "bob2": false, "": false,
		},
		"alice":  {"malice": false, "ALICE's": true, "alice_": false},
		"太郎":     {"太郎さん、見て": true, "太郎: 見て": true, "今日太郎は来る": true, "太郎2": false, "太朗": false, "@太郎ー": true, "aliceと太郎": true},
		"マリー":    {"マリーちゃん": true, "ﾏﾘｰちゃん": true, "それマリーの": true},
		"小明":     {"小明你好": true, "叫小明来": true, "小": false},
		"สมชาย":  {"สมชายครับ": true, "คุณสมชายมาแล้ว": true, "สมชา": false},
		"ก":      {"กา": true, "กิน": false}, // a vowel that stands on the letter goes on with it
		"ສົມ":    {"ສົມສະບາຍດີ": true},
		"សុខ":    {"លោកសុខមក": true},
		"အောင်":  {"ကိုအောင်ရေ": true},
		"철수":     {"철수야 봐": true, "철수는": true, "박철수": false, "철수2": false, "@철수": true},
		"Zoë":    {"zoe\u0308: look": true, "Zoe: look": false, "ZOË": true},
		"zoe":    {"zoe\u0308": false},
		"Νίκος":  {"ΝΊΚΟΣ!": true},
		"श्याम":  {"श्याम, देखो": true, "घनश्याम": false},
		"محمد":   {"يا محمد": true, "محمدي": false},
		"straße": {"STRASSE?": true},
	} {
		for text, want := range texts {
			if got := Mentions(text, nick); got != want {
				t.Errorf("%q mentions %q: %v, want %v", text, nick, got, want)
			}
		}
	}
}
