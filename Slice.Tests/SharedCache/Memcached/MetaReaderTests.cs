using System.Globalization;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Memcached;

/// <summary>Answers of the meta protocol, in literal bytes, however they arrive.</summary>
public sealed class MetaReaderTests
{
    [Theory]
    [InlineData("VA 2 t60 f0 c5 kkey\r\nhi\r\n", "Value 2 60 0 5 hi")]
    [InlineData("VA 0 kkey c18446744073709551615 f4294967295 t-1\r\n\r\n", "Value 0 -1 4294967295 18446744073709551615 ")]
    [InlineData("VA 4 t2147483647 f1 c1 kkey\r\n\r\n\r\n\r\n", "Value 4 2147483647 1 1 \r\n\r\n")]
    [InlineData("HD kkey t0 f0 c0\r\n", "Done 0 0 0 0 ")]
    [InlineData("EN\r\n", "Miss 0 0 0 0 ")]
    [InlineData("EN kkey\r\n", "Miss 0 0 0 0 ")]
    [InlineData("NF kkey\r\n", "NotFound 0 0 0 0 ")]
    [InlineData("NS\r\n", "NotStored 0 0 0 0 ")]
    [InlineData("EX\r\n", "Exists 0 0 0 0 ")]
    public void Answer_is_read(string input, string expected) => Assert.All(
        SplitEverywhere.Run(Wire.Bytes(input), MetaReading.Read),
        arrival => Assert.Equal((arrival.How, expected), (arrival.How, Words(arrival.Result))));

    [Theory]
    [InlineData("", "end")]
    [InlineData("EN", "end")]
    [InlineData("EN\r", "end")]
    [InlineData("VA 2 t60 f0 c5 kkey\r\nh", "end")]
    [InlineData("VA 2 t60 f0 c5 kkey\r\nhi\r", "end")]
    [InlineData("EN\n", "LF alone")]
    [InlineData("\r\n", "none of the meta protocol")]
    [InlineData("VALUE key 0 2\r\nhi\r\nEND\r\n", "none of the meta protocol")]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n", "none of the meta protocol")]
    [InlineData("en\r\n", "none of the meta protocol")]
    [InlineData(" EN\r\n", "none of the meta protocol")]
    [InlineData("EN \r\n", "none of the meta protocol")]
    [InlineData("EN  kkey\r\n", "empty words")]
    [InlineData("EN kkey \r\n", "empty words")]
    [InlineData("EN k\tkey\r\n", "empty words")]
    [InlineData("VA\r\n", "without the length")]
    [InlineData("VA x t60 f0 c5 kkey\r\n", "without the length")]
    [InlineData("VA -1 t60 f0 c5 kkey\r\n", "without the length")]
    [InlineData("VA +1 t60 f0 c5 kkey\r\nx\r\n", "without the length")]
    [InlineData("VA 2147483648 t60 f0 c5 kkey\r\n", "without the length")]
    [InlineData("VA 18446744073709551617 t60 f0 c5 kkey\r\nx\r\n", "without the length")]
    [InlineData("VA 1001 t60 f0 c5 kkey\r\nx\r\n", "too long")]
    [InlineData("VA 2 t60 f0 c5 kkex\r\nhi\r\n", "another key")]
    [InlineData("VA 2 t60 f0 c5 kkey2\r\nhi\r\n", "another key")]
    [InlineData("VA 2 t60 f0 c5 kkey t60\r\nhi\r\n", "there twice")]
    [InlineData("VA 2 t60 f0 c5 kkey W\r\nhi\r\n", "a flag that is wrong")]
    [InlineData("VA 2 t-2 f0 c5 kkey\r\nhi\r\n", "a flag that is wrong")]
    [InlineData("VA 2 t f0 c5 kkey\r\nhi\r\n", "a flag that is wrong")]
    [InlineData("VA 2 t2147483648 f0 c5 kkey\r\nhi\r\n", "a flag that is wrong")]
    [InlineData("VA 2 t60 f4294967296 c5 kkey\r\nhi\r\n", "a flag that is wrong")]
    [InlineData("VA 2 t60 f0 c18446744073709551616 kkey\r\nhi\r\n", "a flag that is wrong")]
    [InlineData("VA 2 t60 f0 c5\r\nhi\r\n", "other flags")]
    [InlineData("HD kkey\r\n", "other flags")]
    [InlineData("VA 2 t60 f0 c5 kkey\r\nhi!\r\n", "does not end where it should")]
    [InlineData("VA 2 t60 f0 c5 kkey\r\nhi\n\r\n", "does not end where it should")]
    [InlineData("SERVER_ERROR object too large for cache\r\n", "(-I) is below the item size")]
    [InlineData("SERVER_ERROR out of memory storing object\r\n", "(-m) is full")]
    [InlineData("SERVER_ERROR a\u001bb\u00ff\r\n", "SERVER_ERROR a?b?")]
    [InlineData("CLIENT_ERROR bad data chunk\r\n", "CLIENT_ERROR bad data chunk")]
    [InlineData("ERROR\r\n", "does not know the meta protocol")]
    public void Anything_else_is_refused_with_words(string input, string words) => Assert.All(
        SplitEverywhere.Run(Wire.Bytes(input), MetaReading.Read),
        arrival =>
        {
            Assert.Null(arrival.Result.Answer);
            Assert.Contains(words, arrival.Result.Problem, StringComparison.Ordinal);
        });

    [Theory]
    [InlineData(2048, "other flags")]
    [InlineData(2049, "a line without an end")]
    [InlineData(5000, "a line without an end")]
    public void Line_has_a_longest_length(int length, string problem)
    {
        byte[] input = Wire.Bytes("HD kkey t" + new string('0', length - 11) + "\r\n");
        Assert.Equal(length, input.Length);
        Assert.All(
            new[] { new Arrival(input, [], arrivesAtOnce: true), new Arrival(input, [.. Enumerable.Range(1, length - 1)], false) },
            arrival => Assert.Contains(problem, MetaReading.Read(arrival).Problem, StringComparison.Ordinal));
    }

    [Fact]
    public void Error_is_shown_up_to_a_length() =>
        Assert.Equal(
            200,
            MetaReading.Read(new Arrival(Wire.Bytes("SERVER_ERROR " + new string('x', 500) + "\r\n"), [], true)).Problem!.Length);

    private static string Words(MetaReadingResult result) => result.Answer is { } answer
        ? string.Create(
            CultureInfo.InvariantCulture,
            $"{answer.Code} {answer.LengthBytes} {answer.RemainingSeconds} {answer.ClientFlags} {answer.Cas} {result.Value}")
        : result.Problem!;
}
