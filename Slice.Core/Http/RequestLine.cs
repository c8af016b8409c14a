namespace Slice.Core.Http;

/// <summary>The request line: <c>method SP request-target SP HTTP-version</c> (RFC 9112 §3).</summary>
internal static class RequestLine
{
    /// <summary>Room a line needs beside its target: the longest method, two spaces, the version, CRLF.</summary>
    public const int MaxBytesAroundTarget = MaxMethodBytes + VersionBytes + 4;

    // The longest registered method, UPDATEREDIRECTREF, has 17 bytes; 32 is arbitrary.
    private const int MaxMethodBytes = 32;
    private const int VersionBytes = 8;

    /// <summary>
    /// Judges as much of the line as has arrived, so that an endless method or target is refused at once. Looks at no more than
    /// method, target limit and version, however often it is called.
    /// </summary>
    public static RequestRejection CheckLimits(ReadOnlySpan<byte> lineSoFar, int maxTargetBytes)
    {
        int methodLength = lineSoFar[..Math.Min(lineSoFar.Length, MaxMethodBytes + 1)].IndexOf((byte)' ');
        if (methodLength < 0)
        {
            return lineSoFar.Length > MaxMethodBytes ? RequestRejection.MethodTooLong : RequestRejection.None;
        }

        ReadOnlySpan<byte> rest = lineSoFar[(methodLength + 1)..];
        if (rest.Length <= maxTargetBytes)
        {
            return RequestRejection.None;
        }

        if (!rest[..(maxTargetBytes + 1)].Contains((byte)' '))
        {
            return RequestRejection.TargetTooLong;
        }

        return rest.Length > maxTargetBytes + 1 + VersionBytes ? RequestRejection.InvalidRequestLine : RequestRejection.None;
    }

    /// <summary>
    /// Parses a complete line, without its CRLF, that has passed <see cref="CheckLimits"/> and holds no control character but HTAB.
    /// </summary>
    public static RequestRejection Parse(RequestHead head, ReadOnlySpan<byte> line)
    {
        int methodLength = line.IndexOf((byte)' ');
        int targetLength = methodLength < 0 ? -1 : line[(methodLength + 1)..].IndexOf((byte)' ');
        if (targetLength <= 0)
        {
            return RequestRejection.InvalidRequestLine;
        }

        RequestMethod method = RequestMethods.Find(line[..methodLength]);
        if (method == RequestMethod.Other && !FieldSyntax.IsToken(line[..methodLength]))
        {
            return RequestRejection.InvalidMethod;
        }

        // Before the target: the preface of HTTP/2 (RFC 9113 §3.4) has a target no method of ours allows, and deserves its own answer.
        RequestRejection rejection = ParseVersion(line[(methodLength + targetLength + 2)..], out int minorVersion);
        if (rejection != RequestRejection.None)
        {
            return rejection;
        }

        if (!RequestTarget.TryParseParts(line.Slice(methodLength + 1, targetLength), method, out RequestTarget.Parts target))
        {
            return RequestRejection.InvalidTarget;
        }

        head.SetRequestLine(method, methodLength, targetLength, target, minorVersion);
        return RequestRejection.None;
    }

    private static RequestRejection ParseVersion(ReadOnlySpan<byte> version, out int minorVersion)
    {
        minorVersion = 1;
        if (version.SequenceEqual("HTTP/1.1"u8))
        {
            return RequestRejection.None;
        }

        bool isWellFormed = version.Length == VersionBytes && version.StartsWith("HTTP/"u8)
            && char.IsAsciiDigit((char)version[5]) && version[6] == '.' && char.IsAsciiDigit((char)version[7]);
        if (!isWellFormed)
        {
            return RequestRejection.InvalidRequestLine;
        }

        minorVersion = version[7] == '0' ? 0 : 1;
        return version[5] == '1' ? RequestRejection.None : RequestRejection.UnsupportedVersion;
    }
}
