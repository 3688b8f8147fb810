package rpc

import (
	"encoding/json"
	"time"

	"localchat/cli/internal/command"
	"localchat/node"
)

// The parameters of the methods. A field without omitempty is required. An unknown parameter is an error.
type (
	noParams   struct{}
	addrParams struct {
		Addr string `json:"addr"`
	}
	createParams struct {
		Name string `json:"name"`
		Nick string `json:"nick,omitempty"`
		node.PolicyChange
	}
	joinParams struct {
		Room     string `json:"room,omitempty"`
		Invite   string `json:"invite,omitempty"`
		Nick     string `json:"nick,omitempty"`
		TimeoutS *int64 `json:"timeout_s,omitempty"`
		FindS    int64  `json:"find_s,omitempty"`
		Visit    bool   `json:"visit,omitempty"`
	}
	roomParams struct {
		Room string `json:"room"`
	}
	sayParams struct {
		Room   string `json:"room"`
		Text   string `json:"text"`
		Action bool   `json:"action,omitempty"`
	}
	awayParams struct {
		Text string `json:"text,omitempty"`
	}
	auditParams struct {
		Room  string `json:"room"`
		After uint64 `json:"after,omitempty"`
	}
	nickParams struct {
		Room string `json:"room"`
		Nick string `json:"nick"`
	}
	nickResult struct {
		Nick string `json:"nick"`
	}
	tellParams struct {
		Room string `json:"room"`
		Who  string `json:"who"`
		Text string `json:"text"`
	}
	transferParams struct {
		Room string `json:"room"`
		Who  string `json:"who,omitempty"`
		Off  bool   `json:"off,omitempty"`
	}
	whoParams struct {
		Room string `json:"room"`
		Who  string `json:"who"`
	}
	reasonParams struct {
		Room   string `json:"room"`
		Who    string `json:"who"`
		Reason string `json:"reason,omitempty"`
	}
	banParams struct {
		Room   string `json:"room"`
		Who    string `json:"who"`
		Reason string `json:"reason,omitempty"`
		ForS   int64  `json:"for_s,omitempty"`
	}
	voiceParams struct {
		Room string `json:"room"`
		Who  string `json:"who"`
		ForS int64  `json:"for_s,omitempty"`
	}
	handParams struct {
		Room string `json:"room"`
		Down bool   `json:"down,omitempty"`
	}
	handsResult struct {
		Hands []node.Hand `json:"hands"`
	}
	inviteParams struct {
		Room     string `json:"room"`
		Nick     string `json:"nick,omitempty"`
		ExpiresS int64  `json:"expires_s,omitempty"`
	}
	uninviteParams struct {
		Room string `json:"room"`
		ID   string `json:"id"`
	}
	verifyParams struct {
		Room     string `json:"room,omitempty"`
		Who      string `json:"who"`
		Verified bool   `json:"verified"`
	}
	ignoreParams struct {
		Room    string `json:"room,omitempty"`
		Who     string `json:"who"`
		Ignored bool   `json:"ignored"`
	}
	policyParams struct {
		Room string `json:"room"`
		node.PolicyChange
	}
	subscribeParams struct {
		Room  string   `json:"room,omitempty"`
		Types []string `json:"types,omitempty"`
		Since uint64   `json:"since,omitempty"`
		Lines bool     `json:"lines,omitempty"`
		Acks  bool     `json:"acks,omitempty"`

		NoLook bool `json:"no_look,omitempty"`
	}
	leaveParams struct {
		Room  string `json:"room"`
		Visit bool   `json:"visit,omitempty"`
	}
	cancelParams struct {
		Request json.RawMessage `json:"request"`
	}
	shownParams struct {
		Room    string `json:"room"`
		Removal uint64 `json:"removal"`
	}
	shareParams struct {
		Room    string `json:"room"`
		Port    int    `json:"port,omitempty"`
		Invites *int   `json:"invites,omitempty"`
		ForS    int64  `json:"for_s,omitempty"`
		Release string `json:"release,omitempty"`
	}
	closeParams struct {
		Room   string `json:"room"`
		Reason string `json:"reason,omitempty"`
	}
	logParams struct {
		Lines int `json:"lines,omitempty"`
	}
	settingParams struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
)

// Results that are not node's own types.
type (
	done     struct{}
	peerList struct {
		Peers []node.PeerInfo `json:"peers"`
		// MayBeMore is set if the list is as long as a list may be, so that there may be more nodes.
		MayBeMore bool `json:"may_be_more,omitempty"`
	}
	peerResult struct {
		Peer node.PeerID `json:"peer"`
	}
	RoomList struct {
		Rooms []node.RoomInfo `json:"rooms"`
		// More is the number of rooms on this network that are not listed.
		More int `json:"more,omitempty"`
	}
	idResult struct {
		ID string `json:"id"`
	}
	inviteList struct {
		Invites []node.InviteInfo `json:"invites"`
	}
	knockList struct {
		Knocks []node.KnockInfo `json:"knocks"`
	}
	deputyList struct {
		Deputies []node.DeputyInfo `json:"deputies"`
	}
	banList struct {
		Bans []node.BanInfo `json:"bans"`
	}
	removalList struct {
		Removals []node.RemovalProgress `json:"removals"`
	}
	settingList struct {
		Settings []command.SettingInfo `json:"settings"`
	}
	verifiedList struct {
		Verified []node.Verification `json:"verified"`
	}
	ignoredList struct {
		Ignored []node.IgnoredInfo `json:"ignored"`
	}
)

// An askedNote tells a program that the owner of a room has been asked to admit it, and until when the answer is awaited. Request
// is the id of the program's request.
type askedNote struct {
	Request json.RawMessage `json:"request"`
	Room    string          `json:"room"`
	Until   time.Time       `json:"until"`
}
