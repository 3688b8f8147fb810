// The shapes of docs/interface.md, "JSON-RPC", for the type checker. Nothing here runs.

/**
 * @typedef {{peer: string, nick: string, words: string, addrs: string[], version: string}} Info
 * @typedef {{room: string, name: string, owner: string, words: string, known_owner: string, known_words: string, known_nick?: string}} KeyChange
 * @typedef {{id: string, name: string, owner: string, owner_nick: string, words: string, access: string, members: number, subject: string,
 *   retain_s?: number, idle_s?: number, mine: boolean, in: boolean, verified: boolean, other?: string, given_by?: {peer: string, nick: string}, change?: KeyChange}} RoomInfo
 * @typedef {{peer: string, nick: string, role: string, present: boolean, words: string, self: boolean, since: string, last_line?: string,
 *   verified: boolean, verified_other?: string, ignored?: boolean, muted?: boolean, muted_until?: string, away?: boolean, away_text?: string, voiced?: boolean, voiced_until?: string, hand?: boolean, warnings?: number}} Member
 * @typedef {{peer: string, nick: string, words: string, alike?: boolean, verified: boolean, verified_other?: string, ignored?: boolean}} Knock
 * @typedef {{peer: string, nick: string, text: string, removal: number, kind: string, by: string, by_nick: string, at?: string, reason?: string}} Appeal
 * @typedef {{by: string, by_nick: string, for?: string, for_nick?: string, at: string, until: string, pardon: number}} Pardoned
 * @typedef {{peer: string, nick: string, by: string, reason: string, until?: string}} Ban
 * @typedef {{id: string, invite?: string, nick?: string, expires: string, qr?: string[], url?: string}} Invite
 * @typedef {{access: string, subject: string, idle_s: number, retain_s: number, history: string, members_invite: boolean, hide_reasons: boolean, slow_s: number, speak: string}} Policy
 * @typedef {{code: string, severity: string, about?: string, text: string, cause?: string, do?: string, blocks: boolean}} Finding
 * @typedef {{nick: string, text: string}} Quote
 * @typedef {{id: string, peer: string, nick: string, text: string, action: boolean, at: string, self: boolean, late: boolean, backlog?: boolean,
 *   before?: string, next?: Quote}} Message
 * @typedef {{id: string, peer: string, nick: string, text: string, at: string, self?: boolean, to?: string, to_nick?: string, backlog?: boolean}} Direct
 * @typedef {{urls: string[], port: number, words: string, invites: number, until: string, qr?: string[],
 *   files: {name: string, os: string, arch: string, size: number, sha256: string}[]}} Shared
 * @typedef {{kind: string, text: string, by: string, by_nick: string, for?: string, for_nick?: string, at: string, until?: string, removal: number, at_door?: boolean}} Removed
 * @typedef {{text?: string, by?: string, by_nick?: string, for?: string, for_nick?: string, until?: string, mute?: number}} Muted
 * @typedef {{by: string, nick: string, until: string}} Offer
 * @typedef {{peer: string, nick: string, until: string}} Offered
 * @typedef {{peer: string, nick: string, kind: string, told: boolean, applied: number, total: number, missing?: string[]}} Progress
 * @typedef {{type: string, seq: number, time: string, room?: string, room_name?: string} & Record<string, any>} NodeEvent
 * @typedef {{code: string, hint?: string, retry_after_s?: number, until?: string, nick?: string, change?: KeyChange, limit?: number,
 *   rooms?: {room: string, name: string, owner_nick?: string, words: string}[], more?: number, at?: string, reason?: string}} ErrorData
 */

/**
 * One thing in a transcript. `key` names it in the document.
 * @typedef {object} Item
 * @property {string} key
 * @property {'line'|'note'|'direct'} kind
 * @property {number} at milliseconds
 * @property {string} text
 * @property {string} [peer]
 * @property {string} [nick]
 * @property {boolean} [self]
 * @property {boolean} [action]
 * @property {boolean} [late]
 * @property {boolean} [pending] nobody else has it yet
 * @property {boolean} [calls] it names me
 * @property {boolean} [struck] it no longer counts
 * @property {boolean} [fault] set for a note that says that something is wrong
 * @property {string} [to] the nick of the reader, for a direct message of mine
 * @property {Progress} [progress] of a removal
 * @property {number} version it grows when the item changes
 */

/**
 * A line on its way to the node.
 * `known` are the keys of the lines that had the same text when it was sent.
 * @typedef {{key: number, room: string, text: string, action: boolean, to: string, toNick: string, at: number, known: string[],
 *   state: 'sending'|'unknown'|'failed', error: string}} Outgoing
 */

export {};
