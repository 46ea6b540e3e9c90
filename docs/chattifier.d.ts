// Made from the tables by tools/docs.

/** A lower-case UUID. */
export type Id = string;

/** Says something in a room, or to a user in their direct room. */
export interface MessageSend {
  type: "message.send";
  ref?: string;
  /** The room it is about. */
  room?: Id;
  /** Instead of the room: the other person of a direct room. */
  to?: Id;
  /** The sender's id of this command; a repeat has the same. */
  cid: string;
  /** The highest seq of the room that the sender had seen when first trying. */
  after?: number;
  /** The text of a message. */
  text: string;
  /** The seq of the message that this one answers. */
  reply_to?: number;
  /** Users who are mentioned; the room keeps at most 50 members of them. */
  mentions?: Id[];
}

/** Gives one's own message another text. */
export interface MessageEdit {
  type: "message.edit";
  ref?: string;
  /** The room it is about. */
  room: Id;
  /** The sender's id of this command; a repeat has the same. */
  cid: string;
  /** The highest seq of the room that the sender had seen when first trying. */
  after?: number;
  /** The text of a message. */
  text: string;
  /** The seq of the message that it is about. */
  target: number;
}

/** Deletes a message. */
export interface MessageDelete {
  type: "message.delete";
  ref?: string;
  /** The room it is about. */
  room: Id;
  /** The sender's id of this command; a repeat has the same. */
  cid: string;
  /** The highest seq of the room that the sender had seen when first trying. */
  after?: number;
  /** The seq of the message that it is about. */
  target: number;
}

/** Puts or takes back a reaction. */
export interface MessageReact {
  type: "message.react";
  ref?: string;
  /** The room it is about. */
  room: Id;
  /** The sender's id of this command; a repeat has the same. */
  cid: string;
  /** The highest seq of the room that the sender had seen when first trying. */
  after?: number;
  /** The seq of the message that it is about. */
  target: number;
  /** A reaction. */
  key: string;
  /** Whether the reaction or the block shall be there. */
  on: boolean;
}

/** Makes a room; a repeat finds the same one. */
export interface RoomCreate {
  type: "room.create";
  ref?: string;
  /** The sender's id of this command; a repeat has the same. */
  cid: string;
  /** The kind of a new room. */
  kind: "direct" | "group" | "channel";
  /** The name of a room. */
  name?: string;
  /** What the room is about. */
  topic?: string;
  /** Who sees the room. */
  visibility?: "private" | "public";
  /** Who is in a new room from the start. */
  members?: Id[];
  settings?: FSettings;
}

/** Changes name, topic, visibility or settings. */
export interface RoomUpdate {
  type: "room.update";
  ref?: string;
  /** The room it is about. */
  room: Id;
  /** The sender's id of this command; a repeat has the same. */
  cid: string;
  /** The highest seq of the room that the sender had seen when first trying. */
  after?: number;
  /** The name of a room. */
  name?: string;
  /** What the room is about. */
  topic?: string;
  /** Who sees the room. */
  visibility?: "private" | "public";
  settings?: FSettings;
}

/** Ends a room. */
export interface RoomDelete {
  type: "room.delete";
  ref?: string;
  /** The room it is about. */
  room: Id;
  /** The sender's id of this command; a repeat has the same. */
  cid: string;
  /** The highest seq of the room that the sender had seen when first trying. */
  after?: number;
}

/** Joins a public channel. */
export interface RoomJoin {
  type: "room.join";
  ref?: string;
  /** The room it is about. */
  room: Id;
  /** The sender's id of this command; a repeat has the same. */
  cid: string;
  /** The highest seq of the room that the sender had seen when first trying. */
  after?: number;
}

/** Leaves a room; hides a direct one. */
export interface RoomLeave {
  type: "room.leave";
  ref?: string;
  /** The room it is about. */
  room: Id;
  /** The sender's id of this command; a repeat has the same. */
  cid: string;
  /** The highest seq of the room that the sender had seen when first trying. */
  after?: number;
}

/** Makes somebody a member. */
export interface RoomAdd {
  type: "room.add";
  ref?: string;
  /** The room it is about. */
  room: Id;
  /** The sender's id of this command; a repeat has the same. */
  cid: string;
  /** The highest seq of the room that the sender had seen when first trying. */
  after?: number;
  /** The user that it is about. */
  user: Id;
  /** The role to give. */
  role?: "member" | "admin" | "owner";
}

/** Takes a member out. */
export interface RoomRemove {
  type: "room.remove";
  ref?: string;
  /** The room it is about. */
  room: Id;
  /** The sender's id of this command; a repeat has the same. */
  cid: string;
  /** The highest seq of the room that the sender had seen when first trying. */
  after?: number;
  /** The user that it is about. */
  user: Id;
}

/** Takes somebody out for good. */
export interface RoomBan {
  type: "room.ban";
  ref?: string;
  /** The room it is about. */
  room: Id;
  /** The sender's id of this command; a repeat has the same. */
  cid: string;
  /** The highest seq of the room that the sender had seen when first trying. */
  after?: number;
  /** The user that it is about. */
  user: Id;
}

/** Lets a banned user come back. */
export interface RoomUnban {
  type: "room.unban";
  ref?: string;
  /** The room it is about. */
  room: Id;
  /** The sender's id of this command; a repeat has the same. */
  cid: string;
  /** The highest seq of the room that the sender had seen when first trying. */
  after?: number;
  /** The user that it is about. */
  user: Id;
}

/** Gives a member a role. */
export interface RoomRole {
  type: "room.role";
  ref?: string;
  /** The room it is about. */
  room: Id;
  /** The sender's id of this command; a repeat has the same. */
  cid: string;
  /** The highest seq of the room that the sender had seen when first trying. */
  after?: number;
  /** The user that it is about. */
  user: Id;
  /** The role to give. */
  role: "member" | "admin" | "owner";
}

/** Silences a member until a moment; 0 lifts it. */
export interface RoomMute {
  type: "room.mute";
  ref?: string;
  /** The room it is about. */
  room: Id;
  /** The sender's id of this command; a repeat has the same. */
  cid: string;
  /** The highest seq of the room that the sender had seen when first trying. */
  after?: number;
  /** The user that it is about. */
  user: Id;
  /** End of a mute in ms since 1970; 0 lifts it. */
  until: number;
}

/** One room with its details. */
export interface RoomGet {
  type: "room.get";
  ref?: string;
  /** The room it is about. */
  room: Id;
  /** The answer must contain this seq of the room. */
  at_least?: number;
}

/** The caller's rooms, newest activity first. */
export interface RoomList {
  type: "room.list";
  ref?: string;
  /** How many at the most; more than 100 is cut to 100. */
  limit?: number;
  /** Where a list goes on; from an earlier answer. */
  cursor?: string;
}

/** Public channels by the beginning of their name. */
export interface RoomPublic {
  type: "room.public";
  ref?: string;
  /** How many at the most; more than 100 is cut to 100. */
  limit?: number;
  /** Where a list goes on; from an earlier answer. */
  cursor?: string;
  /** How the name begins. */
  prefix?: string;
}

/** The members of a room. */
export interface RoomMembers {
  type: "room.members";
  ref?: string;
  /** The room it is about. */
  room: Id;
  /** How many at the most; more than 100 is cut to 100. */
  limit?: number;
  /** The answer must contain this seq of the room. */
  at_least?: number;
  /** Where a list goes on; from an earlier answer. */
  cursor?: string;
}

/** Messages as they are now. */
export interface RoomHistory {
  type: "room.history";
  ref?: string;
  /** The room it is about. */
  room: Id;
  /** Only what is before this seq. */
  before_seq?: number;
  /** Only what is after this seq. */
  after_seq?: number;
  /** What is around this seq. */
  around_seq?: number;
  /** How many at the most; more than 100 is cut to 100. */
  limit?: number;
  /** The answer must contain this seq of the room. */
  at_least?: number;
}

/** The log of a room, for resume. */
export interface RoomEvents {
  type: "room.events";
  ref?: string;
  /** The room it is about. */
  room: Id;
  /** Only what is before this seq. */
  before_seq?: number;
  /** Only what is after this seq. */
  after_seq?: number;
  /** How many at the most; more than 100 is cut to 100. */
  limit?: number;
  /** The answer must contain this seq of the room. */
  at_least?: number;
}

/** Which of the caller's rooms moved. */
export interface Sync {
  type: "sync";
  ref?: string;
  /** How many at the most; more than 100 is cut to 100. */
  limit?: number;
  /** Where a list goes on; from an earlier answer. */
  cursor?: string;
  /** The rooms and places that the asker knows. */
  rooms?: Record<Id, number>;
  /** How many of the newest events to add per room. */
  events?: number;
}

/** Messages of the caller's rooms by words. */
export interface Search {
  type: "search";
  ref?: string;
  /** The room it is about. */
  room?: Id;
  /** How many at the most; more than 100 is cut to 100. */
  limit?: number;
  /** Where a list goes on; from an earlier answer. */
  cursor?: string;
  /** The words to search for. */
  q: string;
}

/** How far the caller has read a room. */
export interface Read {
  type: "read";
  ref?: string;
  /** The room it is about. */
  room: Id;
  /** The number of the message up to which the room was read. */
  n: number;
}

/** The caller is typing, or no longer. */
export interface Typing {
  type: "typing";
  ref?: string;
  /** The room it is about. */
  room: Id;
  /** Whether the reaction or the block shall be there. */
  on: boolean;
}

/** The caller's own presence. */
export interface PresenceSet {
  type: "presence.set";
  ref?: string;
  /** One's own presence. */
  state: "online" | "away" | "offline";
}

/** Whose presence to be told; replaces the list. */
export interface PresenceWatch {
  type: "presence.watch";
  ref?: string;
  /** The users that it is about. */
  users: Id[];
}

/** Public profiles by id. */
export interface UserGet {
  type: "user.get";
  ref?: string;
  /** The users that it is about. */
  users: Id[];
}

/** Users by the beginning of their name. */
export interface UserFind {
  type: "user.find";
  ref?: string;
  /** How many at the most; more than 100 is cut to 100. */
  limit?: number;
  /** How the name begins. */
  prefix: string;
}

/** Blocks or unblocks a user. */
export interface UserBlock {
  type: "user.block";
  ref?: string;
  /** Whether the reaction or the block shall be there. */
  on: boolean;
  /** The user that it is about. */
  user: Id;
}

/** A newer access token for this connection. */
export interface Auth {
  type: "auth";
  ref?: string;
  /** A newer access token. */
  token: string;
}

/** Are you there? */
export interface Ping {
  type: "ping";
  ref?: string;
  /** The client's clock, given back as it is. */
  ts?: number;
}

/** Somebody said something. */
export interface FMessage {
  type: "message";
  /** The room. */
  room: Id;
  /** Its place in the room. */
  seq: number;
  /** The event before it that was sent to everybody, if not seq - 1. */
  prev?: number;
  /** The number of the message in the room. */
  n: number;
  /** Who said it. */
  from: Id;
  /** When, in ms since 1970. */
  ts: number;
  /** The sender's id of it. */
  cid?: string;
  /** What was said; absent if deleted. */
  text?: string;
  /** The message that it answers. */
  reply_to?: number;
  /** Members who are mentioned. */
  mentions?: Id[];
  /** In history: the edit that made it as it is. */
  edited_seq?: number;
  /** In history: it was deleted. */
  deleted?: boolean;
  /** In history: reactions by key. */
  reactions?: FReactionCount[];
}

/** A message has a new text. */
export interface FEdited {
  type: "message.edited";
  /** The room. */
  room: Id;
  /** Its place in the room. */
  seq: number;
  /** As in message. */
  prev?: number;
  /** The message. */
  target: number;
  /** Who edited it. */
  by: Id;
  /** When. */
  ts: number;
  /** The new text; absent where the message was deleted since. */
  text?: string;
  /** The command's id. */
  cid?: string;
}

/** A message is gone. */
export interface FDeleted {
  type: "message.deleted";
  /** The room. */
  room: Id;
  /** Its place in the room. */
  seq: number;
  /** As in message. */
  prev?: number;
  /** The message. */
  target: number;
  /** Who deleted it. */
  by: Id;
  /** When. */
  ts: number;
  /** The command's id. */
  cid?: string;
}

/** A reaction was put or taken back. */
export interface FReaction {
  type: "reaction";
  /** The room. */
  room: Id;
  /** Its place in the room. */
  seq: number;
  /** As in message. */
  prev?: number;
  /** The message. */
  target: number;
  /** The reaction; absent where the message was deleted since. */
  key?: string;
  /** Whose. */
  by: Id;
  /** Put, or taken back. */
  on: boolean;
  /** When. */
  ts: number;
  /** The command's id. */
  cid?: string;
}

/** The settings of a room. */
export interface FSettings {
  /** Who may send. */
  posting?: "members" | "admins";
  /** Who may add people. */
  adding?: "members" | "admins";
  /** What a new member sees. */
  history?: "all" | "joined";
}

/** room.created and room.updated; updated carries what changed. Its type is written by the encoder. */
export interface FRoom {
  type: "room.created" | "room.updated";
  /** The room. */
  room: Id;
  /** Its place in the room. */
  seq: number;
  /** As in message. */
  prev?: number;
  /** Who it is. */
  by?: Id;
  /** When. */
  ts: number;
  /** The kind of the room. */
  kind?: "direct" | "group" | "channel";
  /** Its name. */
  name?: string;
  /** Its topic. */
  topic?: string;
  /** Who sees it. */
  visibility?: "private" | "public";
  /** Its settings, an object. */
  settings?: unknown;
  /** The command's id. */
  cid?: string;
}

/** The room is over; the last event of it. */
export interface FRoomDeleted {
  type: "room.deleted";
  /** The room. */
  room: Id;
  /** Its place in the room. */
  seq: number;
  /** As in message. */
  prev?: number;
  /** Who it is. */
  by?: Id;
  /** When. */
  ts: number;
  /** The command's id. */
  cid?: string;
}

/** Somebody's membership, role or mute changed. */
export interface FMember {
  type: "member";
  /** The room. */
  room: Id;
  /** Its place in the room. */
  seq: number;
  /** As in message. */
  prev?: number;
  /** Whose. */
  user: Id;
  /** The state after it. */
  state: "joined" | "left" | "removed" | "banned" | "unbanned";
  /** The role; of somebody who is no member any more the one they had, of somebody who was none: member. */
  role: "member" | "admin" | "owner";
  /** Until when the member is muted. */
  muted_until?: number;
  /** Who did it. */
  by?: Id;
  /** When. */
  ts: number;
  /** The command's id. */
  cid?: string;
}

/** Events from..to were not sent to you; fetch them when you like. */
export interface FGap {
  type: "room.gap";
  /** The room. */
  room: Id;
  /** First event that was not sent. */
  from: number;
  /** Last event that was not sent. */
  to: number;
}

/** Somebody's cursor rose, yours too; of others only in small rooms. Sending a message moves its sender's cursor as well: the message itself tells. */
export interface FReceipt {
  type: "receipt";
  /** The room. */
  room: Id;
  /** Who it is. */
  user: Id;
  /** The number of the message. */
  read_n: number;
}

/** Somebody is typing, or no longer. */
export interface FTyping {
  type: "typing";
  /** The room. */
  room: Id;
  /** Who it is. */
  user: Id;
  /** For how long to believe it; 0: stopped. */
  for_ms: number;
}

/** A watched user came, went or turned away. */
export interface FPresence {
  type: "presence";
  /** Who it is. */
  user: Id;
  /** How it is. */
  state: "online" | "away" | "offline";
  /** When the user was last active. */
  last_seen?: number;
}

/** One's own cursor rose by a read on another connection. A message of one's own moves it to its n: the message itself tells. */
export interface FRead {
  type: "read";
  /** The room. */
  room: Id;
  /** The number of the last message read. */
  read_n: number;
  /** How many are unread. */
  unread: number;
}

/** The access token of this connection ends in 60 s. */
export interface FAuthExpiring {
  type: "auth.expiring";
  /** When, in ms since 1970. */
  expires_at: number;
}

/** This server stops; reconnect after a random part of the time given. */
export interface FDraining {
  type: "draining";
  /** The time over which clients should spread. */
  reconnect_after_ms: number;
}

/** The answer to ping. */
export interface FPong {
  type: "pong";
  /** The ref of the ping. */
  ref?: string;
  /** The client's clock, as it was sent. */
  ts?: number;
  /** The server's clock. */
  server_time: number;
}

/** A command was refused. */
export interface FError {
  type: "error";
  /** The ref of the command, if it had one. */
  ref?: string;
  /** A row of errors.def. */
  code: string;
  /** For people. */
  message: string;
  /** Whether the same command may succeed later. */
  retry: boolean;
  /** Which field. */
  field?: string;
  /** How long to wait. */
  retry_after_ms?: number;
}

/** A command was done. */
export interface FOk {
  type: "ok";
  /** The ref of the command. */
  ref?: string;
  /** The room. */
  room?: Id;
  /** The entry. */
  seq?: number;
  /** The number of the message. */
  n?: number;
  /** Its time. */
  ts?: number;
  /** It had been done before. */
  dup?: boolean;
  [further: string]: unknown;
}

/** The first frame of a connection. */
export interface FReady {
  type: "ready";
  /** Who one is. */
  user: Id;
  /** With which device. */
  device: Id;
  /** The connection's id. */
  session: Id;
  /** The protocol's version. */
  protocol: number;
  /** What this server can beyond the basics, a list of words. */
  features: unknown;
  /** How often the server pings. */
  heartbeat_ms: number;
  /** When the access token ends. */
  expires_at: number;
  /** The server's clock. */
  server_time: number;
  /** The limits that matter to a client, an object. */
  limits: unknown;
}

/** How often a reaction was put on a message. */
export interface FReactionCount {
  /** The reaction. */
  key: string;
  /** How many put it. */
  count: number;
  /** Whether the reader is one of them. */
  me: boolean;
}

/** What a client may send. */
export type Command =
  | MessageSend
  | MessageEdit
  | MessageDelete
  | MessageReact
  | RoomCreate
  | RoomUpdate
  | RoomDelete
  | RoomJoin
  | RoomLeave
  | RoomAdd
  | RoomRemove
  | RoomBan
  | RoomUnban
  | RoomRole
  | RoomMute
  | RoomGet
  | RoomList
  | RoomPublic
  | RoomMembers
  | RoomHistory
  | RoomEvents
  | Sync
  | Search
  | Read
  | Typing
  | PresenceSet
  | PresenceWatch
  | UserGet
  | UserFind
  | UserBlock
  | Auth
  | Ping;

/** What the server sends. */
export type Frame =
  | FMessage
  | FEdited
  | FDeleted
  | FReaction
  | FRoom
  | FRoomDeleted
  | FMember
  | FGap
  | FReceipt
  | FTyping
  | FPresence
  | FRead
  | FAuthExpiring
  | FDraining
  | FPong
  | FError
  | FOk
  | FReady;
