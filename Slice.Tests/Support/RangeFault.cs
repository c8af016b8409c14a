namespace Slice.Tests.Support;

/// <summary>How a <see cref="RangeFile"/> misbehaves on one request. Faults combine; what is not set stays honest.</summary>
public sealed record RangeFault
{
    /// <summary>No fault.</summary>
    public static RangeFault None { get; } = new();

    /// <summary>Answers with this status and reason (<c>503 Service Unavailable</c>) and a short text instead of the file.</summary>
    public string? Status { get; init; }

    /// <summary>Whole field lines that go with the answer, after the file's own: Retry-After, Location, Content-Encoding.</summary>
    public IReadOnlyList<string> Fields { get; init; } = [];

    /// <summary>Answers 200 with the whole file although a range was asked.</summary>
    public bool IgnoresRange { get; init; }

    /// <summary>Sends these characters as Content-Range, whatever the body is; empty omits the field.</summary>
    public string? ContentRange { get; init; }

    /// <summary>
    /// Sends these characters as Content-Length, whatever the body is; empty omits the field, and the answer ends with the connection.
    /// </summary>
    public string? ContentLength { get; init; }

    /// <summary>Starts the range so many bytes later (or earlier) than asked, and says so.</summary>
    public long StartShift { get; init; }

    /// <summary>Ends the range so many bytes later than asked, and says so.</summary>
    public long EndShift { get; init; }

    /// <summary>Sends at most so many bytes of the range, and says so: legal, RFC 9110 §15.3.7.</summary>
    public long? AtMostBytes { get; init; }

    /// <summary>Ends the connection after so many bytes of the body, with a FIN.</summary>
    public long? CutAfterBytes { get; init; }

    /// <summary>Makes the cut a RST. Bytes before it may be lost on the way.</summary>
    public bool CutsByReset { get; init; }

    /// <summary>Resets the connection instead of answering.</summary>
    public bool ResetsBeforeHead { get; init; }

    /// <summary>Sends no Content-Length but the chunked coding.</summary>
    public bool IsChunked { get; init; }

    /// <summary>Sends the content of another version under this version's validators.</summary>
    public int? Seed { get; init; }

    /// <summary>Waits for this task before the head.</summary>
    public Task? HeadGate { get; init; }

    /// <summary>Waits for <see cref="BodyGate"/> after so many bytes of the body.</summary>
    public long? PauseAfterBytes { get; init; }

    /// <summary>What the body waits for, at <see cref="PauseAfterBytes"/> (or after its last byte).</summary>
    public Task? BodyGate { get; init; }

    /// <summary>A real delay before the head. Only for measuring throughput over a distant origin; never to order events.</summary>
    public TimeSpan Delay { get; init; }
}
