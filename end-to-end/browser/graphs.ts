/** Small graphs in the editor's own format, for what the templates do not show. */

/** Nothing gives the first node its picture, for which there is no default. */
export const withoutPicture = { ImageScaleToTotalPixels: {}, SaveImage: {} } as const;

/** A graph that was saved before `resolution_steps` existed, as the editor still holds it. */
export const withoutResolutionSteps = {
  EmptyImage: {},
  ImageScaleToTotalPixels: { without: "resolution_steps" },
  SaveImage: {},
} as const;

/** The participant's own picture in negative. */
export const negativeOfUpload = { LoadImage: {}, ImageInvert: {}, SaveImage: {} } as const;

/** Node types in the order in which each one's first output feeds the next one's first input. */
export type Chain = Readonly<Record<string, { readonly without?: string }>>;
