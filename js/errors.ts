/** Names of errors: those of the protocol. More may come. */
export type ZpmErrorCode =
  | "ZPM_ENOMEM"
  | "ZPM_EPROTO"
  | "ZPM_ETOOLONG"
  | "ZPM_ECOMMAND"
  | "ZPM_EARG"
  | "ZPM_ECONFIG"
  | "ZPM_ENOAPP"
  | "ZPM_ESTART"
  | "ZPM_ESUPERSEDED"
  | "ZPM_EUNSUPPORTED"
  | "ZPM_ESTATE"
  | "ZPM_EVERSION"
  | "ZPM_EKEEPER"
  | "ZPM_EDAEMON"
  | "ZPM_EACCESS"
  | "ZPM_EBUSY"
  | "ZPM_ECLOSING"
  | "ZPM_EIO"
  | "ZPM_EEXISTS"
  /** The daemon ended before it answered: nobody knows whether it was done. */
  | "ZPM_ELOST"
  | (string & {});

/** What every call of the API fails with. `code` is stable, `message` is not. */
export class ZpmError extends Error {
  override readonly name = "ZpmError";
  readonly code: ZpmErrorCode;

  constructor(code: ZpmErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** An error of the addon, which carries a code, as a ZpmError. */
export function toZpmError(error: unknown): ZpmError {
  if (error instanceof ZpmError) return error;
  const { code, message } = error as { code?: unknown; message?: unknown };
  return new ZpmError(
    typeof code === "string" && code.startsWith("ZPM_") ? code : "ZPM_EIO",
    typeof message === "string" ? message : String(error),
    { cause: error },
  );
}
