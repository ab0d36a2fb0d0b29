// The wire, made from l2s/protocol by tests/js/frames_types.py. Never served, never edited.

export interface AskMyData {
  type: "my_data";
  take?: boolean;
}

export interface AskPrivacy {
  type: "ask";
  id: string;
  text: string;
  contact?: string | null;
}

export interface Asked {
  type: "asked";
  id: string;
  reference: string;
  due: number;
}

export interface AvailabilityFrame {
  type: "availability";
  availability: "away" | "here";
  people: Array<Person>;
}

export interface Available {
  type: "available";
  on: boolean;
}

export interface Card {
  kind: "card";
  title: string | null;
  url: string | null;
}

export interface Colleague {
  id: string;
  name: string;
  role: string;
  available: boolean;
  here: boolean;
  active: boolean;
}

export interface Conversation {
  type: "conversation";
  chat: TeamChat;
  messages: Array<TeamMessage>;
  full: boolean;
  more: boolean;
  details: Array<Detail>;
  version: number;
  days: number | string;
  until: number | null;
}

export interface Correct {
  type: "correct";
  name?: string | null;
  mail?: string | null;
}

export interface Detail {
  name: string;
  level: string;
  value: string | null;
}

export interface EndChat {
  type: "end";
  chat: string;
}

export interface Enter {
  type: "enter";
  token: string;
}

export interface EraseChat {
  type: "erase";
  chat: string;
}

export interface EraseMine {
  type: "erase_me";
}

export interface Erased {
  type: "erased";
  chat: string;
}

export interface EventBody {
  kind: "event";
  name: string;
  user: string | null;
  waited: number | null;
}

export interface File {
  kind: "file";
  name: string | null;
  size: number;
  media: string;
}

export interface Forget {
  type: "forget";
}

export interface Forgotten {
  type: "forgotten";
  receipt: Receipt | null;
}

export interface GiveBack {
  type: "give_back";
  chat: string;
}

export interface GivenOut {
  chat: string;
  at: number;
  authority: string;
  ground: "legal" | "rights" | "safety";
}

export interface HeldChat {
  id: string;
  label: string;
  state: "closed" | "left" | "open" | "waiting";
  messages: number;
  opened: number | null;
  ended: number | null;
  until: number | null;
  law_until: number | null;
}

export interface HeldClass {
  name: string;
  level: string;
  count: number;
  values: Array<string>;
  purposes: Array<string>;
  readers: Array<string>;
  recipients: Array<string>;
  days: number | string;
  until: number | null;
}

export interface JoinChat {
  type: "join";
  chat: string;
}

export interface KeepMine {
  type: "keep_me";
}

export interface Law {
  version: number;
  hash: string;
  days: number | string;
  address: string;
  preview: boolean;
  place: string;
  browser: Array<string>;
  asks: Array<string>;
}

export interface LawFrame {
  type: "law";
  law: Law;
  objected: boolean;
  ticked: boolean;
}

export interface LeaveMessage {
  type: "leave";
  id: string;
  text: string;
  mail?: string | null;
  name?: string | null;
}

export interface Left {
  type: "left";
  id: string;
  reference: string;
}

export interface Line {
  by: string;
  kind: string;
  text: string | null;
  at: number | null;
}

export interface ListChats {
  type: "list";
  text?: string;
  before?: number;
}

export interface Listing {
  type: "listing";
  chats: Array<TeamChat>;
  next: number;
}

export interface Me {
  id: string;
  name: string;
  role: string;
  available: boolean;
  session: string;
}

export interface Moved {
  type: "page";
  page: string;
}

export interface MyData {
  type: "my_data";
  law: Law;
  held: Array<HeldClass>;
  chats: Array<HeldChat>;
  notes: Array<NoteAbout>;
  opened: Array<Opening>;
  given_out: Array<GivenOut>;
  never: Array<string>;
  objected: boolean;
  ticked: boolean;
  erase_at: number | null;
  now: number;
}

export interface Note {
  kind: "note";
  text: string | null;
}

export interface NoteAbout {
  chat: string;
  by: string;
  text: string;
  at: number | null;
}

export interface Object {
  type: "object";
  on: boolean;
}

export interface OlderMessages {
  type: "older";
  chat: string;
  before: number;
}

export interface OpenChat {
  type: "open";
  chat: string;
  since?: number;
}

export interface Opening {
  chat: string;
  name: string;
  role: string;
  day: number;
  at: number | null;
}

export interface Person {
  id: string;
  name: string;
}

export interface PersonFrame {
  type: "person";
  person: Colleague;
}

export interface Ping {
  type: "ping";
}

export interface Pong {
  type: "pong";
  now: number;
}

export interface Receipt {
  code: string;
  counts: Record<string, number>;
  kept: number;
  kept_until: number | null;
  recipients: Array<string>;
  unreachable: number;
  overwritten: number | null;
  backups_until: number;
  position: number;
  head: string;
}

export interface Refusal {
  type: "refused";
  code: string;
  command: string;
  id: string | null;
  chat: string | null;
  data: Record<string, string | number>;
}

export interface Reply {
  type: "send";
  chat: string;
  id: string;
  text: string;
  seen?: number;
  anyway?: boolean;
}

export interface Restart {
  type: "restart";
  after: number;
}

export interface SendMessage {
  type: "send";
  id: string;
  text: string;
}

export interface SignedOut {
  type: "signed_out";
}

export interface SiteSeenFrame {
  type: "site_seen";
  site: string;
  origin: string;
}

export interface SiteView {
  id: string;
  name: string;
  colour: string;
}

export interface State {
  type: "state";
  id: string;
  text: string;
}

export interface TakeChat {
  type: "take";
  chat: string;
}

export interface TeamChat {
  id: string;
  label: string;
  site: string;
  department: string;
  state: "closed" | "left" | "open" | "waiting";
  rev: number;
  pub: number;
  said: number;
  name: string | null;
  owner: string | null;
  opened: number | null;
  taken: number | null;
  ended: number | null;
  why: string | null;
  delivered: number;
  read: number;
  marks: Array<UserMarks>;
  line: Line | null;
  language: string;
  objected: boolean;
  test: boolean;
}

export interface TeamChatFrame {
  type: "chat";
  chat: TeamChat;
}

export interface TeamHistory {
  type: "history";
  chat: string;
  messages: Array<TeamMessage>;
  more: boolean;
}

export interface TeamMarksFrame {
  type: "marks";
  chat: string;
  user: string | null;
  delivered: number;
  read: number;
  heard: number;
}

export interface TeamMessage {
  id: string;
  by: string;
  seq: number;
  rev: number;
  at: number | null;
  body: Text | EventBody | File | Card | Note | Withdrawn;
}

export interface TeamMessageFrame {
  type: "message";
  chat: string;
  rev: number;
  pub: number;
  said: number;
  message: TeamMessage;
}

export interface TeamTypingFrame {
  type: "typing";
  chat: string;
  user: string | null;
  on: boolean;
}

export interface Text {
  kind: "text";
  text: string | null;
}

export interface Tick {
  type: "tick";
  on: boolean;
  version?: number;
}

export interface UserHello {
  type: "hello";
  protocol: number;
}

export interface UserMark {
  type: "mark";
  chat: string;
  delivered?: number;
  read?: number;
  unread?: boolean;
}

export interface UserMarks {
  user: string;
  joined: boolean;
  delivered: number;
  read: number;
  heard: number;
}

export interface UserTyping {
  type: "typing";
  chat: string;
  on: boolean;
}

export interface UserWelcome {
  type: "welcome";
  protocol: number;
  now: number;
  me: Me;
  people: Array<Colleague>;
  sites: Array<SiteView>;
  chats: Array<TeamChat>;
  closed: number;
}

export interface VisitorChat {
  id: string;
  state: "closed" | "left" | "open" | "waiting";
  pub: number;
  owner: string | null;
  people: Array<Person>;
  delivered: number;
  read: number;
  seen: number | null;
  ended: number | null;
  why: string | null;
}

export interface VisitorChatFrame {
  type: "chat";
  chat: VisitorChat;
}

export interface VisitorEnd {
  type: "end";
}

export interface VisitorHello {
  type: "hello";
  protocol: number;
  site: string;
  token?: string | null;
  chat?: string | null;
  since?: number;
  language?: string;
  page?: string | null;
  referrer?: string | null;
  objected?: boolean;
  preview?: string | null;
}

export interface VisitorHistory {
  type: "history";
  chat: string;
  messages: Array<VisitorMessage>;
  more: boolean;
}

export interface VisitorMark {
  type: "mark";
  delivered?: number;
  read?: number;
}

export interface VisitorMarksFrame {
  type: "marks";
  chat: string;
  delivered: number;
  read: number;
}

export interface VisitorMessage {
  id: string;
  by: string;
  seq: number;
  pub: number;
  at: number | null;
  body: Text | EventBody | File | Card | Withdrawn;
}

export interface VisitorMessageFrame {
  type: "message";
  chat: string;
  message: VisitorMessage;
}

export interface VisitorOlder {
  type: "older";
  chat: string;
  before: number;
}

export interface VisitorTyping {
  type: "typing";
  on: boolean;
}

export interface VisitorTypingFrame {
  type: "typing";
  chat: string;
  user: string;
  name: string;
  on: boolean;
}

export interface VisitorWelcome {
  type: "welcome";
  protocol: number;
  now: number;
  site: string;
  availability: "away" | "here";
  people: Array<Person>;
  law: Law;
  held: boolean;
  objected: boolean;
  ticked: boolean;
  receipt: Receipt | null;
  chat: VisitorChat | null;
  messages: Array<VisitorMessage>;
  full: boolean;
  more: boolean;
}

export interface Withdrawn {
  kind: "withdrawn";
}

export interface WriteNote {
  type: "note";
  chat: string;
  id: string;
  text: string;
}

export type VisitorCommand =
  | AskMyData
  | AskPrivacy
  | Correct
  | Enter
  | EraseMine
  | Forget
  | KeepMine
  | LeaveMessage
  | Moved
  | Object
  | Ping
  | SendMessage
  | State
  | Tick
  | VisitorEnd
  | VisitorHello
  | VisitorMark
  | VisitorOlder
  | VisitorTyping;

export type VisitorFrame =
  | Asked
  | AvailabilityFrame
  | Erased
  | Forgotten
  | LawFrame
  | Left
  | MyData
  | Pong
  | Refusal
  | Restart
  | VisitorChatFrame
  | VisitorHistory
  | VisitorMarksFrame
  | VisitorMessageFrame
  | VisitorTypingFrame
  | VisitorWelcome;

export type UserCommand =
  | Available
  | EndChat
  | EraseChat
  | GiveBack
  | JoinChat
  | ListChats
  | OlderMessages
  | OpenChat
  | Ping
  | Reply
  | TakeChat
  | UserHello
  | UserMark
  | UserTyping
  | WriteNote;

export type UserFrame =
  | Conversation
  | Erased
  | Listing
  | PersonFrame
  | Pong
  | Refusal
  | Restart
  | SignedOut
  | SiteSeenFrame
  | TeamChatFrame
  | TeamHistory
  | TeamMarksFrame
  | TeamMessageFrame
  | TeamTypingFrame
  | UserWelcome;
