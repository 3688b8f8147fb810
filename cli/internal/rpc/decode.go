package rpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"regexp"
	"time"

	"localchat/node"
)

// bodies are all that an event can be, by its type.
var bodies = bodiesOf(
	node.RoomFound{}, node.RoomLost{}, node.Knock{}, node.KnockGone{}, node.Joined{}, node.Left{}, node.MemberJoined{}, node.MemberLeft{},
	node.MemberRemoved{}, node.RemovalReason{}, node.Unbanned{}, node.Message{}, node.Backlog{}, node.BacklogEnd{}, node.Hidden{}, node.Expired{},
	node.Delivered{}, node.Direct{}, node.Removed{}, node.Refused{}, node.Epoch{}, node.RemovalProgress{}, node.OwnerUnreachable{}, node.OwnerBack{},
	node.PolicyChanged{}, node.RoomClosed{}, node.Gap{}, node.Warning{},
)

func bodiesOf(all ...node.EventBody) map[string]reflect.Type {
	types := make(map[string]reflect.Type)
	for _, body := range all {
		types[body.Type()] = reflect.TypeOf(body)
	}
	return types
}

// errUnknownEvent: the node is of a later version, which tells more.
var errUnknownEvent = errors.New("an event of an unknown type")

// nothing is a field that holds an empty text.
var nothing = regexp.MustCompile(`"[a-z_]+":""`)

// decode reads what the node says. An empty text is the zero value of a field in any case, and the ID of a peer takes none from
// JSON: such a field is made one that nothing has. (A quotation mark inside a text is escaped, so that only fields match.)
func decode(raw []byte, into any) error {
	if bytes.Contains(raw, []byte(`:""`)) {
		raw = nothing.ReplaceAll(raw, []byte(`"":""`))
	}
	return json.Unmarshal(raw, into)
}

// decodeEvent returns the event that [Event] has written.
func decodeEvent(raw []byte) (node.Event, error) {
	var head struct {
		Type     string      `json:"type"`
		Seq      uint64      `json:"seq"`
		Time     time.Time   `json:"time"`
		Room     node.RoomID `json:"room"`
		RoomName string      `json:"room_name"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return node.Event{}, err
	}
	of, known := bodies[head.Type]
	if !known {
		return node.Event{}, errUnknownEvent
	}
	body := reflect.New(of)
	if err := decode(raw, body.Interface()); err != nil {
		return node.Event{}, err
	}
	return node.Event{Seq: head.Seq, Time: head.Time, Room: head.Room, RoomName: head.RoomName, Body: body.Elem().Interface().(node.EventBody)}, nil
}
