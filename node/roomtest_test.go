package node

import "localchat/node/internal/roomtest"

// The rooms that tests have without a network.
var (
	lawStart   = roomtest.Start
	newLawRoom = roomtest.New
	persona    = roomtest.Persona
	personaID  = roomtest.PersonaID
	sealed     = roomtest.Sealed
)
