using Slice.Core.Http;

namespace Slice.Tests.Support;

/// <summary>What <see cref="Responses.Read"/> made of the bytes of an origin.</summary>
internal sealed record ResponseReading
{
    /// <summary>What is wrong; <see cref="ResponseFault.None"/> when the response is whole.</summary>
    public ResponseFault Fault { get; init; }

    /// <summary>Interim heads before the final one.</summary>
    public int InterimHeads { get; init; }

    /// <summary>The final head; null when there is none.</summary>
    public ResponseHead? Head { get; init; }

    /// <summary>How the end of the body was found.</summary>
    public ResponseBody Kind { get; init; }

    /// <summary>The body as far as it came.</summary>
    public string Body { get; init; } = "";

    /// <summary>Bytes of the connection that belong to the response; 0 unless there is a final head.</summary>
    public int Consumed { get; init; }
}
