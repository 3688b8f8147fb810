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

// bodies has the body of every type of event, by the name of the type.
var bodies = bodiesOf(
	node.RoomFound{}, node.RoomLost{}, node.Knock{}, node.KnockGone{}, node.Joined{}, node.Left{}, node.MemberJoined{}, node.MemberLeft{},
	node.MemberRemoved{}, node.RemovalReason{}, node.Unbanned{}, node.MemberMuted{}, node.MuteReason{}, node.Muted{}, node.Unmuted{}, node.Voiced{}, node.Unvoiced{}, node.Hand{}, node.HandGone{}, node.Appeal{}, node.AppealGone{}, node.MemberPardoned{}, node.PardonTold{}, node.Pardoned{}, node.Warned{}, node.MemberWarned{}, node.WarningTold{}, node.OrderSettled{}, node.Renamed{}, node.MemberAway{}, node.Message{}, node.Backlog{}, node.BacklogEnd{}, node.Hidden{}, node.Expired{},
	node.Delivered{}, node.Direct{}, node.Removed{}, node.Refused{}, node.Epoch{}, node.RemovalProgress{}, node.OwnerUnreachable{}, node.OwnerBack{},
	node.PolicyChanged{}, node.Deputies{}, node.TransferOffered{}, node.OwnerChanged{}, node.RoomClosed{}, node.Gap{}, node.Warning{},
)

func bodiesOf(all ...node.EventBody) map[string]reflect.Type {
	types := make(map[string]reflect.Type)
	for _, body := range all {
		types[body.Type()] = reflect.TypeOf(body)
	}
	return types
}

// errUnknownEvent is the error of decodeEvent for an event that only a later version of the node has.
var errUnknownEvent = errors.New("an event of an unknown type")

// emptyField matches a field whose value is an empty string. A quotation mark inside a string is escaped, so only fields match.
var emptyField = regexp.MustCompile(`"[a-z_]+":""`)

// decode decodes JSON of the node. The ID of a peer, which may be empty, cannot be decoded from an empty string; so decode first
// replaces each empty field by one of no name. The field of into is then left at its zero value, which is the same.
func decode(raw []byte, into any) error {
	if bytes.Contains(raw, []byte(`:""`)) {
		raw = emptyField.ReplaceAll(raw, []byte(`"":""`))
	}
	return json.Unmarshal(raw, into)
}

// decodeEvent undoes [Event].
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
