namespace Slice.Core.Http;

/// <summary>
/// One request head: its bytes, and what they mean. Filled by <see cref="RequestHeadParser"/>; see <see cref="MessageHead"/> for how long
/// what it hands out is valid. Not thread-safe.
/// </summary>
public sealed class RequestHead : MessageHead
{
    private int _methodLength;
    private int _targetLength;
    private RequestTarget.Parts _target;
    private int _pathStart;
    private int _pathLength;
    private int _hostIndex = -1;

    /// <summary>The method.</summary>
    public RequestMethod Method { get; private set; }

    /// <summary>The method's bytes, as received.</summary>
    public ReadOnlySpan<byte> MethodBytes => Bytes[.._methodLength];

    /// <summary>The request-target, as received.</summary>
    public RequestTarget Target => Length == 0 ? default : new(Bytes.Slice(_methodLength + 1, _targetLength), _target);

    /// <summary>
    /// <see cref="RequestTarget.PathAndQuery"/> of the target, which a hit looks at some eight times: taking the target apart each time
    /// was 2 % of its instructions.
    /// </summary>
    public ReadOnlySpan<byte> PathAndQuery => _pathLength > 0 ? Bytes.Slice(_pathStart, _pathLength) : Target.PathAndQuery;

    /// <summary>
    /// The authority the client asked: that of an absolute-form target, which wins over Host (RFC 9112 §3.2.2), else Host's value.
    /// Empty only for HTTP/1.0 without Host.
    /// </summary>
    public ReadOnlySpan<byte> Host =>
        _target.AuthorityLength > 0 ? Target.Authority : _hostIndex >= 0 ? Fields.ValueAt(_hostIndex) : default;

    /// <summary>Whether body bytes follow the head. A chunked body of no data counts: its framing must be read.</summary>
    public bool HasBody => IsChunked || ContentLength > 0;

    /// <summary>
    /// Whether the client waits for <c>100 (Continue)</c> before it sends its body. Never for HTTP/1.0 and never without a body
    /// (RFC 9110 §10.1.1).
    /// </summary>
    public bool ExpectsContinue { get; private set; }

    internal void SetRequestLine(RequestMethod method, int methodLength, int targetLength, RequestTarget.Parts target, int minorVersion)
    {
        Method = method;
        _methodLength = methodLength;
        _targetLength = targetLength;
        _target = target;
        MinorVersion = minorVersion;
        (_pathStart, _pathLength) = (methodLength + 1 + target.PathStart, targetLength - target.PathStart);
    }

    internal void SetHostIndex(int index) => _hostIndex = index;

    internal void SetExpectation(bool expectsContinue) => ExpectsContinue = expectsContinue;

    private protected override void ClearOwn()
    {
        _methodLength = 0;
        _targetLength = 0;
        _target = default;
        (_pathStart, _pathLength) = (0, 0);
        _hostIndex = -1;
        Method = RequestMethod.Other;
        ExpectsContinue = false;
    }
}
