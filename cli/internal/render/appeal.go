package render

import (
	"localchat/cli/internal/safe"
	"localchat/node"
)

// Appeal says that a removed member has written to the owner, and what the owner can type.
func Appeal(a node.Appeal) safe.Text {
	who := Nick(a.Nick, a.Peer)
	return AskMark + who + ", " + Deed(a.Kind) + By(a.By, a.ByNick, "", "") + Because(a.Reason) + ", appeals: " + safe.Phrase(a.Text) +
		"; /pardon " + Word(a.Nick, node.ShortID(a.Peer)) + " lets them come back"
}

// AppealSent says what has become of an appeal.
func AppealSent(s node.AppealSent) safe.Text {
	if !s.Sent {
		return NoticeMark + "the owner of " + safe.Name(s.Name) + " cannot be reached; your appeal is sent as soon as it can"
	}
	return NoticeMark + "the owner of " + safe.Name(s.Name) + " has your appeal; you are told here if you are pardoned, also after a restart"
}

// appealText returns a line about an appeal or a pardon.
func appealText(body node.EventBody, room string) safe.Text {
	switch b := body.(type) {
	case node.Appeal:
		return Appeal(b)
	case node.AppealGone:
		return NoticeMark + "the appeal of " + Nick(b.Nick, b.Peer) + " is over"
	case node.MemberPardoned:
		return NoticeMark + Nick(b.Nick, b.Peer) + " was pardoned" + By(b.By, b.ByNick, b.For, b.ForNick) + ", and may come back"
	case node.PardonTold:
		return NoticeMark + Nick(b.Nick, b.Peer) + " knows of the pardon"
	case node.Pardoned:
		return AskMark + "you were pardoned" + By(b.By, b.ByNick, b.For, b.ForNick) + Until(b.Until) + ": /join " + Word(room, room) + " lets you in without a knock"
	}
	return ""
}
