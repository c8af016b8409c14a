using System.Buffers;
using Slice.Core.Http;
using Slice.Tests.Support;

namespace Slice.Tests.Fuzzing;

/// <summary>
/// Request heads, valid and mutated, read by our parser and by Kestrel's: the same, or different for a reason that is written down.
/// </summary>
public sealed class KestrelComparisonTests
{
    public static TheoryData<string> Classes => new(KestrelDifference.All.Select(difference => difference.Name));

    [Fact]
    [Trait("Behaviour", "B37")]
    public Task Kestrels_parser_agrees_or_the_difference_is_of_a_known_class() => FuzzRun.RunAsync(RequestHeadFuzz.Grammar, 30_000, Check);

    [Theory]
    [MemberData(nameof(Classes))]
    public void Class_of_differences_is_real_and_its_own(string name)
    {
        KestrelDifference difference = KestrelDifference.All.Single(difference => difference.Name == name);

        Comparison comparison = Compare(Wire.Bytes(difference.Example));

        Assert.False(comparison.IsSame, "no difference any more: take the class from the list");
        Assert.Equal([name], ClassesOf(comparison));
    }

    [Fact]
    public void Every_class_is_in_the_document()
    {
        string document = File.ReadAllText(Path.Combine(Repository.Root, "docs", "testing.md"));
        string[] rows =
        [
            .. document.Split('\n')
                .SkipWhile(line => !line.StartsWith("| class of heads |", StringComparison.Ordinal))
                .Skip(2)
                .TakeWhile(line => line.StartsWith('|')),
        ];
        Assert.Equal(KestrelDifference.All.Select(difference => difference.Name), rows.Select(row => row.Split('|')[1].Trim()));
    }

    private static void Check(byte[] input)
    {
        Comparison comparison = Compare(input);
        bool isExplained = comparison.IsSame || ClassesOf(comparison).Length == 1;
        Assert.True(
            isExplained,
            $"ours: {comparison.Ours ?? comparison.Rejection.ToString()}; "
            + $"Kestrel's: {comparison.Kestrel.Accepted ?? comparison.Kestrel.Refusal ?? "incomplete"}");
    }

    // Of heads that both accept no class excuses a difference.
    private static string[] ClassesOf(Comparison comparison) => comparison.Ours is not null && comparison.Kestrel.Accepted is not null
        ? []
        : [.. KestrelDifference.All
            .Where(difference => difference.Contains(comparison.Head, comparison.Rejection))
            .Select(difference => difference.Name)];

    private static Comparison Compare(byte[] bytes)
    {
        // Kestrel skips empty lines before it calls its parser.
        byte[] input = [.. bytes.SkipWhile(value => value is (byte)'\r' or (byte)'\n')];
        var parser = new RequestHeadParser(new RequestHeadLimits());
        var head = new RequestHead();
        var buffer = new ReadOnlySequence<byte>(input);
        RequestHeadStatus status = parser.Parse(buffer, head, out SequencePosition consumed, out _, out RequestRejection rejection);
        KestrelHead kestrel = KestrelHead.Parse(input);

        // We refuse at the first bad byte, Kestrel at the end of its line: let it come to one.
        if (status == RequestHeadStatus.Rejected && kestrel is { Accepted: null, Refusal: null })
        {
            kestrel = KestrelHead.Parse([.. input, .. "\r\n\r\n"u8]);
        }

        string? ours = status == RequestHeadStatus.Complete ? Summary(head) : null;
        bool isSame = ours == kestrel.Accepted
            && (status == RequestHeadStatus.Rejected) == (kestrel.Refusal is not null)
            && (ours is null || buffer.Slice(0, consumed).Length == kestrel.Length);
        head.Reset();
        return new Comparison(Wire.Text(input), ours, rejection, kestrel, isSame);
    }

    private static string Summary(RequestHead head)
    {
        List<string> fields = [];
        for (int index = 0; index < head.Fields.LineCount; index++)
        {
            fields.Add($"{Wire.Text(head.Fields.NameAt(index))}: {Wire.Text(head.Fields.ValueAt(index))}");
        }

        return KestrelHead.Summary(Wire.Text(head.MethodBytes), Wire.Text(head.Target.Bytes), head.MinorVersion, fields);
    }

    private sealed record Comparison(string Head, string? Ours, RequestRejection Rejection, KestrelHead Kestrel, bool IsSame);
}
