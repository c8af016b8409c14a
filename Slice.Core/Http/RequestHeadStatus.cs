namespace Slice.Core.Http;

/// <summary>What <see cref="RequestHeadParser.Parse"/> found.</summary>
public enum RequestHeadStatus : byte
{
    /// <summary>No end of the head yet, and no fault either. Nothing is consumed; call again when more bytes have arrived.</summary>
    Incomplete,

    /// <summary>The head is complete and consumed; the body, if any, begins at <c>consumed</c>.</summary>
    Complete,

    /// <summary>The request is refused. Everything counts as consumed: answer and close.</summary>
    Rejected,
}
