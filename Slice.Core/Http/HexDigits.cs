namespace Slice.Core.Http;

/// <summary>One <c>HEXDIG</c>, in either case: of an escape (RFC 3986 §2.1) or a chunk size (RFC 9112 §7.1).</summary>
internal static class HexDigits
{
    /// <summary>The digit's value, 0 to 15; −1 for any other byte.</summary>
    public static int ValueOf(byte digit) => digit switch
    {
        >= (byte)'0' and <= (byte)'9' => digit - '0',
        >= (byte)'A' and <= (byte)'F' => digit - 'A' + 10,
        >= (byte)'a' and <= (byte)'f' => digit - 'a' + 10,
        _ => -1,
    };
}
