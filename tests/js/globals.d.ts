// What the scripts find at run time and the type checker cannot know.

interface LoaderConfig {
  site: string;
  name: string;
  colour: string;
  availability: string;
  people: string[];
  language: string;
  words: Record<string, Record<string, string | Record<string, string>>>;
}

/** Put in the place of these two names when the server makes /l2s.js. */
declare const L2S_CONFIG: LoaderConfig;
declare const L2S_CSS: string;
