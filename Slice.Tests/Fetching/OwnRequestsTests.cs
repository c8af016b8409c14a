using Slice.Core.Fetching;
using Slice.Core.Http;
using Slice.Tests.Support;

namespace Slice.Tests.Fetching;

/// <summary>Where a client's own request goes out at once, without one of ours before (B59).</summary>
[Trait("Behaviour", "B59")]
public sealed class OwnRequestsTests
{
    private static readonly long s_look = OwnRequests.LookOf("/a"u8, [new ForwardedField("Accept", "a/b")]);

    private readonly ManualTime _time = new();
    private readonly OwnRequests _requests;

    public OwnRequestsTests() => _requests = new OwnRequests(_time);

    [Theory]
    [InlineData(200)]
    [InlineData(304)]
    [InlineData(404)]
    [InlineData(0)]
    public void Own_request_after_a_refusal_makes_the_next_one_go_first_for_a_while(int status)
    {
        Assert.False(_requests.GoFirst("/a"u8, s_look));

        _requests.Note("/a"u8, s_look, wentFirst: false, status);

        Assert.True(_requests.GoFirst("/a"u8, s_look));
        Assert.False(_requests.GoFirst("/b"u8, OwnRequests.LookOf("/b"u8, [])));
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.False(_requests.GoFirst("/a"u8, s_look));
    }

    // B51: another's User-Agent or Referer may be what the origin minds.
    [Theory]
    [InlineData(200, true)]
    [InlineData(403, false)]
    public void Refusal_of_a_client_that_is_refused_as_itself_too_counts_for_requests_that_look_like_it(int status, bool isForAll)
    {
        _requests.Note("/a"u8, s_look, wentFirst: false, status);

        Assert.Equal(isForAll, _requests.GoFirst("/a"u8, OwnRequests.LookOf("/a"u8, [new ForwardedField("Accept", "c/d")])));
    }

    [Theory]
    [InlineData(404, 404, true)]
    [InlineData(404, 200, false)]
    [InlineData(200, 404, true)]
    [InlineData(200, 200, true)]
    public void Own_request_that_went_first_and_is_answered_better_than_before_ends_it(int before, int now, bool stays)
    {
        _requests.Note("/a"u8, s_look, wentFirst: false, before);

        _requests.Note("/a"u8, s_look, wentFirst: true, now);

        Assert.Equal(stays, _requests.GoFirst("/a"u8, s_look));
    }
}
