package discovery

import "time"

// Limits of what is sent.
const (
	// recordTTL is how many seconds a browser may keep our records: what RFC 6762 asks for records that name a host.
	recordTTL = 120
	// maxAnswer is the most bytes of one DNS answer: with IP and UDP headers it passes any link without fragments.
	maxAnswer = 1200
	// answerFactor: an answer to one asker is at most so many times as long as the packet that asked, so that nobody can turn
	// us on somebody else by asking in another's name. Nodes ask with a packet that is long enough for maxAnswer; what is
	// too long for another asker's gets the first records only. An answer to the whole link is not bounded by it.
	answerFactor = 4
	// tellAgain is the shortest time between two answers of the same records to the whole link (RFC 6762 section 6).
	tellAgain = time.Second
	// maxTold is how many last answers are remembered, in pairs of an interface and one of our four names.
	maxTold = 8 * maxInterfaces
	// answersASecond, and answerBurst at once, to one address: ten nodes of one machine that all look for rooms.
	answersASecond = 50
	answerBurst    = 100
	// maxSources is how many addresses are counted each; when there are more that ask without a pause, the others share
	// crowdAnswers a second.
	maxSources   = 512
	crowdAnswers = 1000
	// maxHostAddrs is the most A and AAAA records of an answer. Browsers need one; ours read the TXT.
	maxHostAddrs = 4
	// answerFresh is how long a made answer is given again, so that a storm of queries costs us no more than reading them.
	answerFresh = 500 * time.Millisecond
)

// Limits of what is received; the first three also limit what is sent.
const (
	// maxAddrs is the most addresses of one announcement: four of the longest pairs of QUIC and TCP.
	maxAddrs = 8
	// maxTXT is the most bytes of the strings of one TXT record: maxAddrs of the longest.
	maxTXT = 1024
	// maxTXTString is the most bytes of one string of a TXT record, by the format.
	maxTXTString = 255
	// maxPeerAddrs is the most addresses of one peer that a round keeps, from several interfaces and answers together.
	maxPeerAddrs = 16
	// maxPeers is the most peers that a round keeps, and the most whose last report is remembered. Honest answers
	// come within milliseconds of the query and so before the bulk of a flood.
	maxPeers = 256
	// maxPeersOfHost is the most peers that one address may announce in a round: the nodes of one machine, which announce
	// themselves.
	maxPeersOfHost = 32
	// maxHeard is the most announcements that one query takes in.
	maxHeard = 1024
	// maxQuestions is how many questions of one packet are read. A browser asks for all services that it looks for in one
	// packet, which are few dozens at most.
	maxQuestions = 64
	// maxInterfaces is the most interfaces that are served; each costs two sockets and two queries a round.
	maxInterfaces = 16
)

// When.
const (
	// queryWindow is how long a query listens, but for the first ones of a schedule. It is also the longest that Run goes on
	// after its context has ended.
	queryWindow = 130 * time.Millisecond
	// hurryGap is the shortest time between the beginnings of two rounds where somebody is in a hurry.
	hurryGap = 200 * time.Millisecond
	// pollInterfaces is how often the interfaces and their addresses are looked at.
	pollInterfaces = 2 * time.Second
	// reportAgain is the shortest time between two reports of a peer that has nothing new, so that a node can redial.
	reportAgain = 5 * time.Second
	// calledAgain is the shortest time between two calls by name that have a node look around: each costs ten questions, and
	// the answers of the whole network.
	calledAgain = time.Minute
	// smallLAN, in peers heard, is where asking often costs nothing. For each peer more a gap is gapOfPeer at least, and the
	// last one lastGapOfPeer for each of all: a node answers two questions a second (IPv4 and IPv6) of however many others.
	smallLAN      = 16
	gapOfPeer     = 100 * time.Millisecond
	lastGapOfPeer = time.Second
	// jitterPercent is how far each gap of the schedule is stretched or shortened at most, so that nodes that were
	// started together drift apart.
	jitterPercent = 20
)

// The rendezvous folder.
const (
	// maxFiles is the most names that one look into the folder reads.
	maxFiles = 64
	// maxFileSize is the most bytes of one file.
	maxFileSize = 4096
	// rewriteFile is how often a node writes its file anew, so that it stays young.
	rewriteFile = 15 * time.Second
	// staleFile is the age at which a file counts as left behind by a node that was killed: four missed rewrites.
	staleFile = 60 * time.Second
)

// A step is how long a round listens, and the time from its beginning to that of the next.
type step struct{ listen, gap time.Duration }

// steps are the schedule; the last is repeated. What a round hears is ours only when it ends, and on a cable the answers
// come within a few milliseconds: the first rounds are short, so that a start need not wait for those that come by way of
// a radio. The quickSteps carry it through a loss of 30 % each way; 30 s bounds the answers on a network of 64 nodes to
// about 130 a second.
var steps = [...]step{
	{10 * time.Millisecond, 35 * time.Millisecond},
	{50 * time.Millisecond, 165 * time.Millisecond},
	{queryWindow, 200 * time.Millisecond},
	{queryWindow, 200 * time.Millisecond},
	{queryWindow, 200 * time.Millisecond},
	{queryWindow, 200 * time.Millisecond},
	{queryWindow, 500 * time.Millisecond},
	{queryWindow, time.Second},
	{queryWindow, 2 * time.Second},
	{queryWindow, 5 * time.Second},
	{queryWindow, 10 * time.Second},
	{queryWindow, 30 * time.Second},
}

// quickSteps are those with no longer a gap than hurryGap.
const quickSteps = 6

// The checkup.
const (
	// checkListen is how long a checkup listens for what its multicast brings.
	checkListen = 1500 * time.Millisecond
	// maxAsked is the most networks, of at most 253 machines each, whose machines are asked one by one.
	maxAsked = 2
	// askTime is how long they are asked and have to answer: the second of two networks begins after half a second.
	askTime = 1400 * time.Millisecond
	// askBurst questions go out, then nothing for askGap: 1000 a second, which no queue on the way has to drop.
	askBurst = 10
	askGap   = 10 * time.Millisecond
	// askAgain is the pause before those that are there are asked again: longer than queryWindow, in which a node that
	// asks does not hear, and no multiple of its gaps.
	askAgain = 270 * time.Millisecond
	// maxPacket, in bytes, of what a checkup reads: mDNS goes up to a jumbo frame.
	maxPacket = 9000
)

// probeGaps are the times after each question of a checkup; three get through a loss of 30 % each way.
var probeGaps = [...]time.Duration{250 * time.Millisecond, 350 * time.Millisecond, 450 * time.Millisecond}
