namespace Slice.Core.Http;

/// <summary>What the preconditions of a request lead to (RFC 9110 §13.2.2).</summary>
public enum PreconditionResult : byte
{
    /// <summary>Answer as if the request were unconditional.</summary>
    Proceed,

    /// <summary>304: the client has it already, even if it asked for a range.</summary>
    NotModified,

    /// <summary>412: the client meant another version.</summary>
    PreconditionFailed,
}
