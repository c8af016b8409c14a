using System.Buffers;
using System.Text;
using CsCheck;
using Slice.Core.Http;
using Slice.Tests.Support;

namespace Slice.Tests.Http;

public class RequestHeadLimitsTests
{
    private static readonly RequestHeadLimits s_limits = new(TargetBytes: 20, HeadBytes: 100, FieldLines: 3);

    // Pieces that make line ends, limits and faults meet in every order.
    private static readonly string[] s_pieces =
    [
        "GET ", "/", "aaaaaaa", " ", "HTTP/1.1", "\r\n", "\r\n", "\n", "\r", "Host: a\r\n", "GET / HTTP/1.1\r\n", "X", ":", "\t", "\0",
    ];

    private static readonly Gen<string> s_heads = Gen.OneOf(s_pieces.Select(piece => Gen.Const(piece)).ToArray())
        .Array[0, 24]
        .Select(pieces => string.Concat(pieces));

    public static TheoryData<string, RequestHeadStatus, RequestRejection> Heads => new()
    {
        { $"GET /{new string('a', 19)} HTTP/1.1\r\nHost: a\r\n\r\n", RequestHeadStatus.Complete, RequestRejection.None },
        { $"GET /{new string('a', 20)} HTTP/1.1\r\nHost: a\r\n\r\n", RequestHeadStatus.Rejected, RequestRejection.TargetTooLong },
        { $"GET /{new string('a', 20)}", RequestHeadStatus.Rejected, RequestRejection.TargetTooLong },
        { $"GET /{new string('a', 19)}", RequestHeadStatus.Incomplete, RequestRejection.None },
        { $"GET /{new string('a', 19)}\r\n", RequestHeadStatus.Rejected, RequestRejection.InvalidRequestLine },
        { $"GET /{new string('a', 500)}", RequestHeadStatus.Rejected, RequestRejection.TargetTooLong },
        { $"GET / {new string('a', 500)}", RequestHeadStatus.Rejected, RequestRejection.InvalidRequestLine },
        { HeadOf(100), RequestHeadStatus.Complete, RequestRejection.None },
        { HeadOf(101), RequestHeadStatus.Rejected, RequestRejection.HeadTooLarge },
        { HeadOf(500), RequestHeadStatus.Rejected, RequestRejection.HeadTooLarge },
        { HeadOf(500)[..99], RequestHeadStatus.Incomplete, RequestRejection.None },
        { HeadOf(500)[..100], RequestHeadStatus.Rejected, RequestRejection.HeadTooLarge },
        { "GET / HTTP/1.1\r\nHost: a\r\nA:\r\nB:\r\n\r\n", RequestHeadStatus.Complete, RequestRejection.None },
        { "GET / HTTP/1.1\r\nHost: a\r\nA:\r\nB:\r\nC", RequestHeadStatus.Rejected, RequestRejection.TooManyFields },
        { "GET / HTTP/1.1\r\nHost: a\r\nA:\r\nB:\r\nC:\r\n\r\n", RequestHeadStatus.Rejected, RequestRejection.TooManyFields },
        { new string('M', 32), RequestHeadStatus.Incomplete, RequestRejection.None },
        { new string('M', 33), RequestHeadStatus.Rejected, RequestRejection.MethodTooLong },
    };

    [Theory]
    [Trait("Behaviour", "B39")]
    [MemberData(nameof(Heads))]
    public void Limit_decides_alike_however_the_head_arrives(string head, RequestHeadStatus status, RequestRejection rejection)
    {
        var verdicts = SplitEverywhere.Run(Encoding.Latin1.GetBytes(head), Parse);
        foreach ((string how, (RequestHeadStatus Status, RequestRejection Rejection) result) in verdicts)
        {
            Assert.True(result == (status, rejection), $"{how}: {result}");
        }
    }

    [Fact]
    [Trait("Behaviour", "B37")]
    [Trait("Behaviour", "B39")]
    public void Verdict_on_any_bytes_does_not_depend_on_how_they_arrive() => s_heads.Sample(
        head =>
        {
            (string How, (RequestHeadStatus, RequestRejection) Result)[] results =
                [.. SplitEverywhere.Run(Encoding.Latin1.GetBytes(head), Parse)];
            return results.All(result => result.Result == results[0].Result);
        },
        iter: 2_000);

    [Fact]
    [Trait("Behaviour", "B39")]
    public void Limit_on_the_target_yields_to_a_smaller_one_on_the_head()
    {
        var limits = new RequestHeadLimits(TargetBytes: 1000, HeadBytes: 100);
        byte[] input = Encoding.Latin1.GetBytes($"GET /{new string('a', 500)} HTTP/1.1\r\n\r\n");
        var verdicts = SplitEverywhere.Run(input, arrival => Parse(arrival, limits));
        foreach ((string how, (RequestHeadStatus, RequestRejection Rejection) result) in verdicts)
        {
            Assert.True(result.Rejection == RequestRejection.TargetTooLong, how);
        }
    }

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(1, 0, 1)]
    [InlineData(1, 1, 0)]
    public void Limit_that_is_not_positive_is_refused(int targetBytes, int headBytes, int fieldLines) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new RequestHeadParser(new RequestHeadLimits(targetBytes, headBytes, fieldLines)));

    private static string HeadOf(int length)
    {
        const string Rest = "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n";
        return Rest.Insert(Rest.Length - 4, new string('x', length - Rest.Length));
    }

    private static (RequestHeadStatus Status, RequestRejection Rejection) Parse(Arrival arrival) => Parse(arrival, s_limits);

    private static (RequestHeadStatus Status, RequestRejection Rejection) Parse(Arrival arrival, RequestHeadLimits limits)
    {
        var parser = new RequestHeadParser(limits);
        var head = new RequestHead();
        (RequestHeadStatus Status, RequestRejection Rejection) result = default;
        while (result.Status == RequestHeadStatus.Incomplete && arrival.TryRead(out ReadOnlySequence<byte> buffer))
        {
            result.Status = parser.Parse(buffer, head, out SequencePosition consumed, out SequencePosition examined, out result.Rejection);
            arrival.AdvanceTo(consumed, examined);
        }

        return result;
    }
}
