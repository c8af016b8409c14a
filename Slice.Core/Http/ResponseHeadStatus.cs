namespace Slice.Core.Http;

/// <summary>What <see cref="ResponseHeadParser.Parse"/> found.</summary>
public enum ResponseHeadStatus : byte
{
    /// <summary>
    /// No end of the head yet, and no fault either. Nothing is consumed; call again when more bytes have arrived. The end of the connection
    /// now is <see cref="ResponseFault.HeadCutOff"/>, unless no byte of the head has come.
    /// </summary>
    Incomplete,

    /// <summary>
    /// The head is complete and consumed; what <see cref="ResponseHead.BodyOf"/> says begins at <c>consumed</c>. After an interim head
    /// (<see cref="ResponseHead.IsInterim"/>) the next head does.
    /// </summary>
    Complete,

    /// <summary>The response cannot be used. Everything counts as consumed: the connection must be closed.</summary>
    Faulty,
}
